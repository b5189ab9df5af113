// Sand, a calm sea to the horizon, a palm on the left, a parasol on the right.
const vec3 PALM = vec3(-1.6, 0.0, -2.3);
const vec3 POLE = vec3(1.45, 0.0, -2.5);
// A leaf that leaves the top of the trunk towards `out_` and falls by `slope` metres a metre.
void frond(vec3 top, vec2 out_, float slope, vec3 tint) {
    vec3 along = vec3(out_.x, 0.0, out_.y), lean = along / dot(along, along) * (slope * length(out_));
    vec3 r = vec3(0.13) + abs(along);
    ellipsoidSheared(top + along + vec3(0.0, slope * length(out_), 0.0), vec3(r.x, 0.1, r.z), lean, tint);
}
vec3 setting() {
    haze = horizon;
    vec2 g = groundPoint();
    float shore = -g.y - 3.3 - 0.35 * sin(g.x * 0.45);
    vec3 sand = mix(vec3(0.86, 0.66, 0.36), vec3(0.6, 0.43, 0.22), smoothstep(-0.8, 0.0, shore));
    sand *= mix(vec3(1.0), vec3(1.3, 1.0, 0.82), darkness);
    vec3 sea = mix(vec3(0.1, 0.62, 0.62), vec3(0.02, 0.28, 0.55), smoothstep(0.0, 9.0, shore));
    sea = mix(sea, vec3(0.9, 0.95, 0.95), 1.0 - smoothstep(0.1, 0.4, abs(shore - 0.2)));
    ground(mix(sand, sea, smoothstep(-0.06, 0.06, shore)));
    trunk(PALM, vec3(0.2, 1.0, 0.0), 0.125, 1.68, vec3(0.4, 0.24, 0.12));
    vec3 top = PALM + vec3(0.32, 1.66, 0.0), leaf = vec3(0.09, 0.42, 0.1);
    frond(top, vec2(0.42, 0.05), -0.55, leaf);
    frond(top, vec2(-0.42, 0.05), -0.55, leaf * 0.85);
    frond(top, vec2(0.4, -0.1), 0.2, leaf * 1.3);
    frond(top, vec2(-0.4, -0.1), 0.2, leaf * 1.2);
    frond(top, vec2(0.05, 0.42), -0.5, leaf * 1.1);
    sphere(top + vec3(0.06, -0.06, 0.12), 0.085, vec3(0.3, 0.16, 0.06), 0.0);
    pole(POLE, 0.035, 0.0, 1.5, vec3(0.85));
    float before = hit.t;
    cone(POLE + vec3(0.0, 1.75, 0.0), 1.75, 0.5, vec3(0.9, 0.12, 0.1), vec3(0.9, 0.12, 0.1));
    if (hit.t < before) {
        vec2 q = (ro + rd * hit.t - POLE).xz;
        hit.albedo = mix(hit.albedo, vec3(0.95, 0.92, 0.85), smoothstep(-0.25, 0.25, sin(4.0 * atan(q.y, q.x) + 0.6)));
    }
    vec3 p = ro + rd * hit.t;
    return shade(stars(cloud(sky(), vec3(-0.03, 0.115, 0.0), 0.075)), ballShadow(p, vec4(top, 0.55)) * ballShadow(p, vec4(POLE + vec3(0.0, 1.5, 0.0), 0.65)));
}
