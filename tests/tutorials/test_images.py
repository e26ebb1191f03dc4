"""Blobs in a noisy picture: smooth, threshold, label, measure."""

import numpy as np
from scipy import ndimage

CENTRES = [(12.0, 15.0), (30.0, 44.0), (48.0, 50.0), (50.0, 20.0)]


def program(xp):
    y, x = xp.mgrid[:64, :64]
    picture = 0.3 * xp.random.default_rng(1).standard_normal((64, 64))
    for row, column in CENTRES:
        picture += 2.0 * xp.exp(-((y - row) ** 2 + (x - column) ** 2) / 30.0)

    smooth = ndimage.gaussian_filter(picture, 2.0)
    mask = xp.asarray(smooth) > 0.8
    mask = ndimage.binary_opening(mask, structure=xp.ones((3, 3)))
    labels, count = ndimage.label(mask)
    index = xp.arange(1, count + 1)
    edges = xp.hypot(*(xp.asarray(ndimage.sobel(smooth, axis)) for axis in (0, 1)))
    turned = ndimage.rotate(picture, 30.0, reshape=False, order=1)
    matrix = xp.asarray([[0.9, 0.1], [-0.1, 0.9]])
    return {
        "smooth": smooth,
        "labels": labels,
        "count": count,
        "sizes": ndimage.sum_labels(mask, labels, index),
        "centres": ndimage.center_of_mass(picture, labels, index),
        "brightest": ndimage.maximum(picture, labels, index),
        "where": ndimage.maximum_position(picture, labels, index),
        "boxes": [(s.start, s.stop) for box in ndimage.find_objects(labels) for s in box],
        "distance": ndimage.distance_transform_edt(mask),
        "edges": edges,
        "turned": turned,
        "warped": ndimage.affine_transform(picture, matrix, offset=xp.asarray([2.0, 3.0])),
        "sampled": ndimage.map_coordinates(picture, xp.asarray([[12.5, 30.1], [15.2, 44.9]])),
        "median": ndimage.median_filter(picture, size=3),
        "histogram": ndimage.histogram(picture, -1, 3, 8),
    }


def test_blobs(same_numbers):
    result = same_numbers(program)
    assert result["count"] == 4
    np.testing.assert_allclose(result["centres"], CENTRES, atol=1.0)
