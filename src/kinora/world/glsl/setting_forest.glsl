// An enchanted forest: violet and silver round trees, glowing bell flowers, a brook; the far rows are a soft silhouette.
const vec4 VIOLET = vec4(-1.7, 1.75, -2.5, 0.85);
const vec4 SILVER = vec4(1.95, 1.85, -3.0, 0.9);
void bell(vec3 at, float r, vec3 tint) { pole(at, 0.025, 0.0, at.y, vec3(0.08, 0.25, 0.2)); sphere(at, r, tint, 0.75); }
vec3 setting() {
    haze = horizon;
    vec2 g = groundPoint();
    float bank = g.y + 1.9 - 0.55 * sin(g.x * 0.9 + 0.3);
    float brook = 1.0 - smoothstep(0.5, 0.62, abs(bank));
    ground(mix(mix(vec3(0.06, 0.24, 0.2), vec3(0.15, 0.16, 0.36), 0.5 + 0.5 * sin(g.x * 0.8 - 0.5)), vec3(0.2, 0.6, 0.85), brook));
    if (hit.t < FAR) hit.glow = 0.35 * brook;
    pole(VIOLET.xyz, 0.19, 0.0, 1.4, vec3(0.16, 0.1, 0.16));
    sphere(VIOLET.xyz, VIOLET.w, vec3(0.34, 0.11, 0.58), 0.0);
    sphere(vec3(-1.0, 1.95, -3.2), 0.5, vec3(0.5, 0.22, 0.7), 0.0);
    pole(SILVER.xyz, 0.2, 0.0, 1.4, vec3(0.2, 0.16, 0.2));
    sphere(SILVER.xyz, SILVER.w, vec3(0.56, 0.6, 0.68), 0.0);
    sphere(vec3(1.25, 1.6, -2.7), 0.42, vec3(0.68, 0.7, 0.78), 0.0);
    pole(vec3(-3.9, 0.0, -4.0), 0.22, 0.0, 1.5, vec3(0.16, 0.1, 0.16));
    sphere(vec3(-3.9, 1.9, -4.0), 1.0, vec3(0.5, 0.54, 0.64), 0.0);
    pole(vec3(4.2, 0.0, -4.2), 0.22, 0.0, 1.5, vec3(0.16, 0.1, 0.16));
    sphere(vec3(4.2, 1.9, -4.2), 1.0, vec3(0.36, 0.12, 0.56), 0.0);
    bell(vec3(-1.15, 0.36, -0.8), 0.15, vec3(1.0, 0.3, 0.75));
    bell(vec3(1.25, 0.4, -1.0), 0.16, vec3(0.2, 0.9, 0.95));
    bell(vec3(0.72, 0.3, -2.6), 0.14, vec3(1.0, 0.35, 0.8));
    bell(vec3(-2.5, 0.42, -1.2), 0.16, vec3(0.3, 0.85, 1.0));
    // Two far rows of round crowns, and the glow between the trees.
    float turn = rd.x / max(-rd.z, 0.2), up = rd.y / max(-rd.z, 0.2);
    vec3 mist = mix(horizon, vec3(0.36, 0.15, 0.62), 0.55), deep = mix(zenith, vec3(0.16, 0.06, 0.36), 0.7);
    vec3 behind = mix(mist, mix(zenith, mist, 0.5), clamp(up * 6.0, 0.0, 1.0));
    behind = mix(mix(mist, deep, 0.45), behind, smoothstep(-0.01, 0.01, up - 0.1 - 0.03 * sin(turn * 15.0 + 1.0)));
    behind = mix(mix(mist, deep, 0.8), behind, smoothstep(-0.01, 0.01, up - 0.045 - 0.025 * sin(turn * 21.0)));
    haze = mix(mist, deep, 0.6);
    hazier = 2.0;
    vec3 p = ro + rd * hit.t;
    return shade(behind, ballShadow(p, VIOLET) * ballShadow(p, SILVER));
}
