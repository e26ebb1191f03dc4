"""no_grad, enable_grad, set_grad_enabled and inference_mode."""

import threading

import pytest

import tensorlib as tl
from tensorlib.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)


@pytest.fixture(autouse=True)
def recording_before_and_after():
    assert is_grad_enabled()
    yield
    assert is_grad_enabled()


def test_results_in_no_grad_require_no_gradient():
    x = tl.ones(3).requires_grad_()
    with no_grad():
        assert not (x * 2).requires_grad
        with enable_grad():
            assert (x * 2).requires_grad
        assert not is_grad_enabled()
    assert (x * 2).requires_grad


def test_exceptions_restore_the_mode():
    with pytest.raises(KeyError), no_grad():
        raise KeyError


def test_an_instance_can_be_entered_twice():
    mode = no_grad()
    with mode:
        with enable_grad(), mode:
            assert not is_grad_enabled()
        assert not is_grad_enabled()


@pytest.mark.parametrize("decorator", [no_grad, no_grad(), enable_grad, enable_grad()])
def test_decorators_keep_name_and_result(decorator):
    @decorator
    def enabled(x, *, y):
        """Doc."""
        return x, y, is_grad_enabled()

    assert enabled(1, y=2) == (1, 2, decorator.enabled)
    assert (enabled.__name__, enabled.__doc__) == ("enabled", "Doc.")


def test_generators_switch_only_while_they_run():
    @no_grad()
    def generate():
        try:
            received = yield is_grad_enabled()
            yield received, is_grad_enabled()
        except ValueError:
            yield "caught", is_grad_enabled()
        return "end"

    generator = generate()
    assert next(generator) is False
    assert is_grad_enabled()
    assert generator.send(5) == (5, False)
    assert generator.throw(ValueError) == ("caught", False)
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end"


def test_closed_generators_clean_up_in_their_mode():
    seen = []

    @no_grad()
    def generate():
        try:
            yield
        finally:
            seen.append(is_grad_enabled())

    generator = generate()
    next(generator)
    generator.close()
    assert seen == [False]


def test_set_grad_enabled_acts_at_once_and_ends_with_its_block():
    with set_grad_enabled(False):
        assert not is_grad_enabled()
        with set_grad_enabled(True):
            assert is_grad_enabled()
        assert not is_grad_enabled()
    set_grad_enabled(False)
    assert not is_grad_enabled()
    set_grad_enabled(True)


def test_set_grad_enabled_as_decorator_acts_during_calls_only():
    @set_grad_enabled(False)
    def enabled():
        return is_grad_enabled()

    assert is_grad_enabled()
    assert not enabled()


def test_bad_arguments():
    with pytest.raises(TypeError, match="set_grad_enabled: expected a bool, got int"):
        set_grad_enabled(1)
    with pytest.raises(TypeError, match="no_grad: expected a function to decorate, got int"):
        no_grad(3)


def test_the_mode_belongs_to_the_thread():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


# inference_mode


def test_inference_mode_records_nothing():
    x = tl.ones(3).requires_grad_()
    assert tl.inference_mode is inference_mode
    with inference_mode():
        assert is_inference_mode_enabled()
        assert not (x * 2).requires_grad
        with inference_mode(False):
            assert not is_inference_mode_enabled()
            assert (x * 2).requires_grad
        assert is_inference_mode_enabled()
    assert not is_inference_mode_enabled()
    with inference_mode():
        y = x * 2
    assert (y * x).requires_grad  # its results are like others


@pytest.mark.parametrize("decorator", [inference_mode, inference_mode(), inference_mode(True)])
def test_inference_mode_decorates(decorator):
    @decorator
    def enabled(x):
        """Doc."""
        return x, is_grad_enabled(), is_inference_mode_enabled()

    assert enabled(1) == (1, False, True)
    assert (enabled.__name__, enabled.__doc__) == ("enabled", "Doc.")
    assert not is_inference_mode_enabled()


def test_inference_mode_decorates_generators():
    @inference_mode()
    def generate():
        yield is_inference_mode_enabled()
        yield is_inference_mode_enabled()

    generator = generate()
    assert next(generator)
    assert not is_inference_mode_enabled()
    assert next(generator)
    generator.close()


def test_inference_mode_ends_with_errors_and_is_the_threads_own():
    seen = []
    with pytest.raises(KeyError), inference_mode():
        thread = threading.Thread(target=lambda: seen.append(is_inference_mode_enabled()))
        thread.start()
        thread.join()
        raise KeyError
    assert seen == [False]
    assert not is_inference_mode_enabled()
    with pytest.raises(TypeError, match="inference_mode: expected a bool, got int"):
        inference_mode(1)
