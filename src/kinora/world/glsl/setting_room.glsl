// A cosy room at night: window with the moon, a lamp and candles, a shelf of books, a round rug.
#define INDOORS
const vec3 LAMP = vec3(1.35, 1.22, -1.55);
const vec3 CANDLE = vec3(-1.55, 1.12, -2.0);
vec3 setting() {
    // The shell: floor, back wall at z = -2.3, side walls at x = +-3, ceiling at 3.
    float tf = -ro.y / rd.y, tb = (-2.3 - ro.z) / rd.z, ts = (sign(rd.x) * 3.0 - ro.x) / rd.x;
    if (tf > 0.0) put(tf, vec3(0.0, 1.0, 0.0), vec3(0.36, 0.18, 0.08), 0.0);
    if (tb > 0.0 && tb < hit.t) put(tb, vec3(0.0, 0.0, 1.0), vec3(0.62, 0.3, 0.17), 0.0);
    if (ts > 0.0 && ts < hit.t) put(ts, vec3(-sign(rd.x), 0.0, 0.0), vec3(0.56, 0.27, 0.16), 0.0);
    vec3 p = ro + rd * hit.t;
    if (hit.n.y > 0.5) {
        float rug = length((p.xz - vec2(0.0, -0.15)) / vec2(1.25, 1.0));
        hit.albedo = mix(hit.albedo, mix(vec3(0.16, 0.3, 0.5), vec3(0.7, 0.56, 0.38), smoothstep(0.76, 0.8, rug)), 1.0 - smoothstep(0.97, 1.0, rug));
    } else if (p.y < 0.55) {
        hit.albedo = vec3(0.34, 0.16, 0.09);
    }
    // Window: a box frame and the night sky behind it.
    vec2 w = p.xy - vec2(-0.05, 1.62);
    vec2 a = abs(w);
    if (hit.n.z > 0.5 && a.x < 0.62 && a.y < 0.52) {
        bool frame = a.x > 0.55 || a.y > 0.45 || a.x < 0.035 || a.y < 0.035;
        vec3 night = mix(vec3(0.05, 0.12, 0.36), vec3(0.012, 0.03, 0.13), clamp(w.y + 0.5, 0.0, 1.0));
        night = mix(night, vec3(0.95, 0.93, 0.75), smoothstep(0.135, 0.115, length(w - vec2(0.27, 0.24))));
        night += vec3(0.8, 0.85, 1.0) * (blob(w - vec2(-0.3, 0.28), vec2(0.03)) + blob(w - vec2(-0.2, -0.2), vec2(0.025)));
        hit.albedo = frame ? vec3(0.5, 0.3, 0.17) : night;
        hit.glow = frame ? 0.0 : 1.0;
    }
#ifdef WALL
    standWall();
#endif
    // A shelf with books and a candle on the left, a table with a lamp on the right.
    vec3 wood = vec3(0.3, 0.14, 0.06);
    box(vec3(-1.6, 0.85, -2.1), vec3(0.55, 0.035, 0.2), wood, 0.0);
    box(vec3(-1.6, 0.4, -2.1), vec3(0.55, 0.035, 0.2), wood, 0.0);
    box(vec3(-1.88, 0.6, -2.1), vec3(0.1, 0.17, 0.14), vec3(0.1, 0.3, 0.34), 0.0);
    box(vec3(-1.66, 0.57, -2.1), vec3(0.1, 0.14, 0.14), vec3(0.6, 0.4, 0.1), 0.0);
    box(vec3(-1.43, 0.61, -2.1), vec3(0.11, 0.18, 0.14), vec3(0.45, 0.1, 0.1), 0.0);
    pole(CANDLE, 0.08, 0.885, 1.1, vec3(0.9, 0.82, 0.66));
    ellipsoid(CANDLE + vec3(0.0, 0.1, 0.0), vec3(0.05, 0.11, 0.05), vec3(1.3, 0.85, 0.3), 1.0);
    box(vec3(LAMP.x, 0.62, LAMP.z), vec3(0.45, 0.04, 0.3), wood, 0.0);
    pole(vec3(LAMP.x - 0.3, 0.0, LAMP.z), 0.045, 0.0, 0.62, wood);
    pole(vec3(LAMP.x + 0.3, 0.0, LAMP.z), 0.045, 0.0, 0.62, wood);
    pole(LAMP, 0.05, 0.66, 1.1, vec3(0.5, 0.36, 0.2));
    cone(LAMP + vec3(0.0, 0.42, 0.0), 0.65, 0.46, vec3(1.05, 0.68, 0.3), vec3(1.05, 0.68, 0.3));
    if (hit.albedo.r > 1.0 && hit.albedo.r < 1.2) hit.glow = 1.0;
    p = ro + rd * hit.t;
#ifdef CLAY
    hit.n = kneaded(hit.n, p);
#endif
    // Warm light: falls off from the lamp and the candle; the subjects' balls shade the floor.
    vec3 toLamp = LAMP + vec3(0.0, 0.0, 0.4) - p, toCandle = CANDLE + vec3(0.0, 0.1, 0.5) - p;
    float l2 = dot(toLamp, toLamp), c2 = dot(toCandle, toCandle);
    float warm = (0.55 + 0.45 * clamp(dot(hit.n, toLamp) * inversesqrt(l2), 0.0, 1.0)) * 1.5 / (0.7 + l2)
               + (0.55 + 0.45 * clamp(dot(hit.n, toCandle) * inversesqrt(c2), 0.0, 1.0)) * 0.55 / (0.35 + c2);
    float open = 1.0, shadow = 1.0;
    if (hit.n.y > 0.9) {
        for (int i = 0; i < PROXIES; i++) {
            shadow *= ballShadow(p, proxies[i]);
            open *= ballOcclusion(p, proxies[i]);
        }
    }
    vec3 light = vec3(1.0, 0.72, 0.42) * (warm * mix(0.7, 1.0, shadow)) + sunColour * (0.5 * shadow * (0.4 + 0.6 * hit.n.y)) + ambient * open;
    return hit.albedo * mix(light * open, vec3(1.0), hit.glow);
}
