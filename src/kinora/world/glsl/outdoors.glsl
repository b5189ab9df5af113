// Sky, ground and shading that the open-air settings share.
void ground(vec3 albedo) {
    float t = -ro.y / rd.y;
    if (t > 0.0 && t < hit.t) put(t, vec3(0.0, 1.0, 0.0), albedo, 0.0);
}
vec2 groundPoint() { return ro.xz - rd.xz * (ro.y / min(rd.y, -0.001)); }

const vec3 SUN_AT = vec3(0.1281, 0.1192, -0.9846);
vec3 haze;         // colour into which distance fades; settings may change it before they shade
float hazier = 1.0;

vec3 sky() {
    float up = clamp(rd.y * 2.2, 0.0, 1.0);
    vec3 c = mix(horizon, zenith, sqrt(up));
#ifdef OVERCAST
    return c;
#endif
    float s = max(dot(rd, SUN_AT), 0.0), s8 = s * s; s8 *= s8; s8 *= s8;
    c += sunColour * (0.22 * s8 * s8 * s8) * (1.0 - darkness);
    // The disc: sun by day and at sunset, a pale moon at night.
    c = mix(c, mix(vec3(1.6, 1.35, 0.85) * (sunColour / sunColour.r), vec3(0.95, 0.95, 0.8), darkness), smoothstep(0.9982, 0.9988, s));
    return c;
}
vec3 cloud(vec3 c, vec3 at, float size) {
    vec2 p = (rd.xy / -rd.z - at.xy) / size;
    float d = max(max(blob(p, vec2(1.1, 0.42)), blob(p - vec2(0.35, 0.3), vec2(0.6, 0.5))), blob(p + vec2(0.5, -0.16), vec2(0.5, 0.4)));
    return mix(c, horizon * 0.35 + sunColour * 0.42 + ambient * 0.25, 0.9 * smoothstep(0.3, 0.62, d) * step(rd.z, -0.05));
}
// Five large stars.
vec3 stars(vec3 c) {
    vec2 p = rd.xy / -rd.z;
    float s = blob(p - vec2(-0.23, 0.13), vec2(0.011)) + blob(p - vec2(-0.05, 0.14), vec2(0.01)) + blob(p - vec2(0.25, 0.09), vec2(0.01))
            + blob(p - vec2(-0.48, 0.1), vec2(0.01)) + blob(p - vec2(0.48, 0.13), vec2(0.011));
    return c + vec3(0.9, 0.92, 1.0) * s * darkness * step(rd.z, -0.05);
}
// Light on what the ray met; `behind` is the sky along this ray, `shadow` the props' shadow on the ground.
vec3 shade(vec3 behind, float shadow) {
    vec3 p = ro + rd * hit.t;
    float open = 1.0;
    if (hit.n.y > 0.9) {
        for (int i = 0; i < PROXIES; i++) {
            shadow *= ballShadow(p, proxies[i]);
            open *= ballOcclusion(p, proxies[i]);
        }
    }
#ifdef CLAY
    hit.n = kneaded(hit.n, p);
#endif
#ifdef WALL
    if (hit.n.y > 0.9 && p.y < 0.1) open *= 1.0 - 0.5 * blob(p.xz - wall.xy, vec2(wall.z + 0.15, 0.3));
#endif
    float diffuse = clamp(dot(hit.n, sunDir) * 0.7 + 0.3, 0.0, 1.0);
    vec3 light = sunColour * (diffuse * mix(0.25, 1.0, shadow)) + (ambient * (0.6 + 0.4 * hit.n.y) + bounce * (0.5 - 0.5 * hit.n.y)) * open;
    vec3 c = hit.albedo * mix(light, vec3(1.35), hit.glow);
    float far = 1.0 - exp(-fog * hazier * hit.t);
#ifdef VEIL
    haze = horizon;
    behind = mix(behind, horizon, 0.92);
#endif
    return hit.t < FAR ? mix(c, haze, far * (1.0 - 0.7 * hit.glow)) : behind;
}
