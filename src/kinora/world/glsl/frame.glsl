// What every pass shares: the camera ray, the light of the shot and the colour helpers.
// Units are metres; y is up; z points towards the viewer. Colours are linear.
uniform vec3 eye;
uniform vec3 axisX;      // camera right, scaled by tan(fov / 2) * aspect
uniform vec3 axisY;      // camera up, scaled by tan(fov / 2)
uniform vec3 axisZ;      // camera forward, unit
uniform vec2 jitter;     // sub-pixel offset of this sample, in clip units
uniform float time;      // seconds since the shot began

uniform vec3 sunDir;     // towards the key light
uniform vec3 sunColour;  // key light on the surroundings
uniform vec3 keyColour;  // key light on the subject: nearly neutral, so that its colour stays nameable
uniform vec3 ambient;    // light from above
uniform vec3 bounce;     // light from below
uniform vec3 zenith;
uniform vec3 horizon;    // also the colour of the fog
uniform float fog;       // extinction per metre
uniform float darkness;  // 0 by day, 1 at night: how strongly lamps show

const float FAR = 99.0;

in vec2 clip;
vec3 cameraRay() {
    vec2 at = clip + jitter;
    return normalize(axisZ + at.x * axisX + at.y * axisY);
}
#ifdef CLAY
// The dents that fingers leave; they change four times a second, as in stop motion.
vec3 kneaded(vec3 n, vec3 p) {
    float take = floor(time * 4.0) * 1.7;
    vec3 dent = sin(p.yzx * 13.0 + take) + sin(p.zxy * 21.0 - take + 2.0 * sin(p * 9.0));
    return normalize(n + 0.2 * dent);
}
#endif
float encodeDepth(float t) { return min(t, FAR) / 100.0; }
