// Sand, a calm sea to the horizon, a palm on the left, a parasol on the right.
const vec3 PALM = vec3(-1.75, 0.0, -2.3);
const vec3 POLE = vec3(1.7, 0.0, -1.9);
void frond(vec3 at, vec3 r, vec3 tint) { ellipsoid(at, r, tint, 0.0); }
vec3 setting() {
    vec2 g = groundPoint();
    float shore = -g.y - 3.3 - 0.35 * sin(g.x * 0.45);
    vec3 sand = mix(vec3(0.86, 0.66, 0.36), vec3(0.6, 0.43, 0.22), smoothstep(-0.8, 0.0, shore));
    vec3 sea = mix(vec3(0.1, 0.62, 0.62), vec3(0.02, 0.28, 0.55), smoothstep(0.0, 9.0, shore));
    sea = mix(sea, vec3(0.9, 0.95, 0.95), 1.0 - smoothstep(0.1, 0.4, abs(shore - 0.2)));
    ground(mix(sand, sea, smoothstep(-0.06, 0.06, shore)));
    for (int i = 0; i < 4; i++) {   // a trunk that leans, in four pieces
        float h = float(i);
        pole(PALM + vec3(0.025 * h * h, 0.0, 0.0), 0.125 - 0.012 * h, 0.42 * h - 0.02, 0.42 * h + 0.42, vec3(0.4, 0.24, 0.12));
    }
    vec3 top = PALM + vec3(0.3, 1.7, 0.0), leaf = vec3(0.09, 0.42, 0.1);
    frond(top + vec3(0.42, 0.0, 0.1), vec3(0.52, 0.13, 0.2), leaf);
    frond(top + vec3(-0.45, -0.02, 0.1), vec3(0.55, 0.13, 0.2), leaf * 0.9);
    frond(top + vec3(0.25, 0.2, -0.2), vec3(0.42, 0.12, 0.3), leaf * 1.25);
    frond(top + vec3(-0.25, 0.22, -0.15), vec3(0.42, 0.12, 0.3), leaf * 1.2);
    frond(top + vec3(0.0, -0.02, 0.4), vec3(0.17, 0.12, 0.45), leaf * 1.1);
    pole(POLE, 0.035, 0.0, 1.5, vec3(0.85));
    float before = hit.t;
    cone(POLE + vec3(0.0, 1.75, 0.0), 1.75, 0.5, vec3(0.9, 0.12, 0.1), vec3(0.9, 0.12, 0.1));
    if (hit.t < before) {
        vec2 q = (ro + rd * hit.t - POLE).xz;
        hit.albedo = mix(hit.albedo, vec3(0.95, 0.92, 0.85), smoothstep(-0.25, 0.25, sin(4.0 * atan(q.y, q.x) + 0.6)));
    }
    vec3 p = ro + rd * hit.t;
    return shade(stars(cloud(sky(), vec3(0.1, 0.17, 0.0), 0.11)), ballShadow(p, vec4(top, 0.55)) * ballShadow(p, vec4(POLE + vec3(0.0, 1.5, 0.0), 0.65)));
}
