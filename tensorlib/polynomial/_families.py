from tensorlib._rebound import run_module
def define(namespace):
    run_module("numpy"+namespace["__name__"].removeprefix("tensorlib"), namespace)
