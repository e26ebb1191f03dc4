"""What ``inplace=True`` means."""

from tensorlib._arguments import followed


def written(operation, function, input, *arguments):
    """Write ``function(input, *arguments)`` into `input` and return that."""
    # The tape may keep what the function was given, so that must stay as it is.
    source = input.copy() if followed(input) else input
    result = function(source, *arguments)
    if result.dtype != input.dtype:
        raise TypeError(
            f"{operation}: expected input of a floating dtype with inplace=True, got {input.dtype}"
        )
    input[...] = result
    return input
