"""The world's physics in closed form: what a clip shows at time t, so that an evaluation can check it.

Metres, seconds, radians. Every function takes an array of times (or of distances) and returns an array of the same
shape.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GRAVITY = 4.0
"""m/s^2. Under real gravity a toy would fall half a metre within three frames at 8 fps: too fast to be seen."""

MOON_GRAVITY = GRAVITY / 6

RESTITUTION = 0.85
"""Speed after a bounce over speed before it, for the verb `bounce`."""

DULL_RESTITUTION = 0.3
"""The same for the verb `fall`: it comes to rest."""


def fall_height(drop: float, time: Array, gravity: float = GRAVITY) -> Array:
    """Height above the ground of a thing let go at height `drop`, until it lies on the ground."""
    return np.maximum(drop - 0.5 * gravity * time**2, 0.0)


def impact_times(drop: float, restitution: float, until: float, gravity: float = GRAVITY) -> list[float]:
    """When a thing let go at height `drop` touches the ground, up to time `until`.

    The n-th flight lasts 2 v e^n / g with v the speed at the first impact. At most 64 impacts: then it rests.
    """
    speed = float(np.sqrt(2 * gravity * drop))
    times = [speed / gravity]
    while len(times) < 64:
        speed *= restitution
        times.append(times[-1] + 2 * speed / gravity)
    return [time for time in times if time <= until]


def bounce_height(drop: float, restitution: float, time: Array, gravity: float = GRAVITY) -> Array:
    """Height above the ground of a thing let go at `drop` metres that keeps `restitution` of its speed at impacts."""
    height = fall_height(drop, time, gravity)
    speed = float(np.sqrt(2 * gravity * drop))
    for impact in impact_times(drop, restitution, float(np.max(time, initial=0.0)), gravity):
        speed *= restitution
        since = time - impact
        flight = speed * since - 0.5 * gravity * since**2
        height = np.where((since >= 0) & (flight > 0), flight, height)
    return height


def hop_height(flight: float, time: Array, gravity: float = GRAVITY) -> Array:
    """Height during one leap that lasts `flight` seconds; 0 before and after."""
    return np.where((time > 0) & (time < flight), 0.5 * gravity * time * (flight - time), 0.0)


def rolling_angle(distance: Array, radius: float) -> Array:
    """Angle (anticlockwise positive, as the viewer sees it) after rolling `distance` to the right without slipping."""
    return -distance / radius


def elastic_collision(mass: float, speed: float, other_mass: float, other_speed: float) -> tuple[float, float]:
    """Speeds on a line after an elastic collision: momentum and kinetic energy are kept."""
    centre = (mass * speed + other_mass * other_speed) / (mass + other_mass)
    return 2 * centre - speed, 2 * centre - other_speed


def collision_positions(
    start: float,
    speed: float,
    other_start: float,
    contact: float,
    time: Array,
    masses: tuple[float, float] = (1.0, 1.0),
) -> tuple[Array, Array]:
    """Positions on a line of a thing at constant speed and of a resting one, which collide when `contact` apart."""
    direction = np.sign(other_start - start)
    meeting = (abs(other_start - start) - contact) / abs(speed)
    after, other_after = elastic_collision(masses[0], speed, masses[1], 0.0)
    before = np.minimum(time, meeting)
    since = np.maximum(time - meeting, 0.0)
    assert direction * speed > 0, "the moving thing must head for the other"
    return start + speed * before + after * since, other_start + other_after * since


def pendulum_angle(amplitude: float, length: float, time: Array, gravity: float = GRAVITY) -> Array:
    """Angle of a pendulum let go at `amplitude`, for small angles: a cosine of period 2 pi sqrt(length / gravity)."""
    return amplitude * np.cos(np.sqrt(gravity / length) * time)
