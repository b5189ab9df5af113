// An enchanted forest: violet and silver round trees, glowing bell flowers, a brook; the far rows are a soft silhouette.
const vec4 VIOLET = vec4(-1.7, 1.75, -2.5, 0.85);
const vec4 SILVER = vec4(1.95, 1.85, -3.0, 0.9);
void bell(vec3 at, float r, vec3 tint) { pole(at, 0.025, 0.0, at.y, vec3(0.08, 0.25, 0.2)); sphere(at, r, tint, 0.75); }
vec3 setting() {
    vec2 g = groundPoint();
    float bank = g.y + 1.75 + 0.28 * sin(g.x * 1.1 + 0.5);
    float brook = 1.0 - smoothstep(0.3, 0.42, abs(bank));
    ground(mix(mix(vec3(0.1, 0.2, 0.24), vec3(0.16, 0.17, 0.34), 0.5 + 0.5 * sin(g.x * 0.8 - 0.5)), vec3(0.25, 0.62, 0.85), brook));
    if (hit.t < FAR) hit.glow = 0.3 * brook;
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
    // Far rows of round crowns against the glow between the trees.
    float turn = rd.x / max(-rd.z, 0.2);
    float rows = rd.y / max(-rd.z, 0.2) - 0.13 - 0.035 * sin(turn * 16.0) - 0.02 * sin(turn * 9.0 + 1.0);
    vec3 behind = mix(mix(zenith, vec3(0.32, 0.16, 0.5), 0.55), sky(), 0.35);
    behind = mix(mix(horizon, vec3(0.3, 0.16, 0.5), 0.6), behind, smoothstep(-0.015, 0.015, rows));
    vec3 p = ro + rd * hit.t;
    return shade(behind, ballShadow(p, VIOLET) * ballShadow(p, SILVER));
}
