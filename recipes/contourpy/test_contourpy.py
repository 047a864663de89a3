"""Contours of surfaces whose level lines are known."""

import contourpy
import numpy as np
import pytest

ALGORITHMS = ["mpl2005", "mpl2014", "serial"]


@pytest.fixture
def cone() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.linspace(-2, 2, 201), np.linspace(-2, 2, 201))
    return x, y, np.hypot(x, y)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_lines_of_a_cone_are_circles(name, cone):
    generator = contourpy.contour_generator(*cone, name=name)
    lines = generator.lines(1.0)
    if generator.line_type == contourpy.LineType.SeparateCode:
        lines, _codes = lines
    points = np.concatenate(lines)
    np.testing.assert_allclose(np.hypot(*points.T), 1.0, atol=1e-3)
    assert len(points) > 100


def test_a_filled_ring_has_its_area_and_its_hole(cone):
    polygons, offsets = contourpy.contour_generator(
        *cone, fill_type=contourpy.FillType.OuterOffset
    ).filled(0.5, 1.5)
    assert len(polygons) == 1
    outer, hole = (
        polygons[0][start:end] for start, end in zip(offsets[0], offsets[0][1:], strict=False)
    )
    area = sum(
        0.5 * abs(np.dot(ring[:, 0], np.roll(ring[:, 1], 1)) - np.dot(ring[:, 1], np.roll(ring[:, 0], 1))) * sign
        for ring, sign in ((outer, 1), (hole, -1))
    )
    assert area == pytest.approx(np.pi * (1.5**2 - 0.5**2), rel=1e-3)


def test_what_is_masked_is_left_out(cone):
    x, y, z = cone
    half = np.ma.array(z, mask=x > 0)
    (line,) = contourpy.contour_generator(x, y, half).lines(1.0)
    assert line[:, 0].max() <= 1e-9
    assert contourpy.contour_generator(x, y, z).lines(9.0) == []


def test_mistakes_are_errors(cone):
    x, y, z = cone
    with pytest.raises(TypeError):
        contourpy.contour_generator(x, y[:5], z)
    with pytest.raises(ValueError, match="Unrecognised contour generator name"):
        contourpy.contour_generator(x, y, z, name="none")
