// A street between houses with large lit windows; the wet road mirrors them softly.
void house(vec3 c, vec3 half_, vec3 wall) {
    float before = hit.t;
    box(c, half_, wall, 0.0);
    if (hit.t < before && abs(hit.n.y) < 0.5) {
        vec3 p = ro + rd * hit.t;
        vec2 cell = vec2(abs(hit.n.x) > 0.5 ? p.z - c.z + half_.z : p.x - c.x + half_.x, p.y) / vec2(0.72, 0.8);
        vec2 at = abs(fract(cell) - 0.5);
        float lit = fract(sin(dot(floor(cell), vec2(12.99, 78.23)) + c.x) * 43758.5);
        if (at.x < 0.27 && at.y < 0.3 && p.y > 0.4) {
            bool on = lit > 0.25;
            vec3 warm = vec3(1.15, 0.78, 0.32);
            hit.albedo = on ? mix(vec3(0.32, 0.42, 0.55), warm, max(darkness, 0.35)) : vec3(0.1, 0.13, 0.2);
            hit.glow = on ? max(darkness, 0.4) : 0.0;
        }
    }
}
vec3 setting() {
    haze = horizon;
    vec2 g = groundPoint();
    float kerb = smoothstep(1.72, 1.78, abs(g.x));
    vec3 road = mix(vec3(0.1, 0.11, 0.14), vec3(0.3, 0.29, 0.3), kerb);
    float dash = smoothstep(0.1, 0.07, abs(g.x)) * smoothstep(0.0, 0.12, abs(fract(g.y * 0.5) - 0.5) - 0.2);
    road = mix(road, vec3(0.75), dash * 0.8);
    // Soft mirrored light of the windows and of the lamp.
    float mirrored = (blob(g - vec2(-1.5, -3.0), vec2(0.28, 1.6)) + blob(g - vec2(1.25, -3.8), vec2(0.28, 1.8)) + 0.7 * blob(g - vec2(-0.4, -6.5), vec2(0.3, 2.0)));
    ground(road + vec3(0.55, 0.34, 0.12) * (mirrored * (0.25 + 0.75 * darkness)));
    if (hit.t < FAR) hit.glow = 0.7 * clamp(mirrored, 0.0, 1.0) * darkness;
    house(vec3(-3.2, 1.6, -3.6), vec3(1.08, 1.76, 1.44), vec3(0.42, 0.2, 0.17));
    house(vec3(3.25, 1.4, -4.2), vec3(1.08, 1.6, 1.44), vec3(0.24, 0.3, 0.42));
    house(vec3(-3.0, 2.4, -7.5), vec3(1.08, 2.4, 1.44), vec3(0.3, 0.3, 0.38));
    house(vec3(3.0, 2.0, -8.2), vec3(1.08, 2.0, 1.44), vec3(0.45, 0.32, 0.22));
    house(vec3(0.6, 1.6, -13.0), vec3(2.16, 1.6, 1.0), vec3(0.34, 0.26, 0.36));
    house(vec3(-4.4, 1.8, -13.0), vec3(2.16, 2.4, 1.0), vec3(0.26, 0.3, 0.36));
    house(vec3(6.6, 1.6, -13.0), vec3(2.16, 2.8, 1.0), vec3(0.36, 0.3, 0.3));
    pole(vec3(1.45, 0.0, -2.0), 0.045, 0.0, 1.75, vec3(0.08));
    sphere(vec3(1.45, 1.85, -2.0), 0.17, mix(vec3(0.85, 0.85, 0.8), vec3(1.35, 1.05, 0.55), darkness), max(darkness, 0.2));
    return shade(stars(sky()), 1.0);
}
