// Grey ground with round craters under a black sky, the Earth above the rim.
float crater(vec2 g, vec2 c, float r) {
    float d = length((g - c) / vec2(1.0, 0.8)) / r;
    return 0.45 * smoothstep(1.0, 0.75, d) - 0.3 * smoothstep(0.25, 0.0, abs(d - 1.08));
}
vec3 setting() {
    haze = vec3(0.03);
    hazier = 0.2;
    vec2 g = groundPoint();
    float dip = crater(g, vec2(-1.35, -1.5), 0.6) + crater(g, vec2(1.55, -2.6), 0.85) + crater(g, vec2(-2.6, -5.0), 1.3) + crater(g, vec2(1.1, 0.7), 0.35) + crater(g, vec2(3.4, -1.0), 0.6);
    ground(vec3(0.46, 0.46, 0.48) * (1.0 - dip));
    ellipsoid(vec3(-6.0, -1.3, -13.0), vec3(7.0, 3.0, 4.0), vec3(0.4, 0.4, 0.42), 0.0);
    ellipsoid(vec3(6.0, -1.4, -15.0), vec3(8.0, 3.8, 4.0), vec3(0.34, 0.34, 0.37), 0.0);
    sphere(vec3(1.75, 0.0, -3.0), 0.42, vec3(0.38, 0.38, 0.4), 0.0);
    vec2 s = rd.xy / -min(rd.z, -0.05);
    float bright = blob(s - vec2(-0.24, 0.12), vec2(0.011)) + blob(s - vec2(0.02, 0.14), vec2(0.01)) + blob(s - vec2(0.26, 0.1), vec2(0.01)) + blob(s - vec2(-0.07, 0.09), vec2(0.009))
                 + blob(s - vec2(-0.45, 0.12), vec2(0.01)) + blob(s - vec2(0.47, 0.13), vec2(0.01));
    vec3 behind = vec3(0.006, 0.008, 0.02) + 0.9 * bright;
    vec2 e = (s - vec2(-0.14, 0.11)) / 0.045;
    float land = smoothstep(-0.1, 0.3, sin(e.x * 3.0 + 1.0) * cos(e.y * 2.5 - 0.4));
    vec3 earth = mix(vec3(0.06, 0.28, 0.8), vec3(0.16, 0.5, 0.2), land) * (0.55 + 0.6 * clamp(0.6 * e.x + 0.5 * e.y + 0.5, 0.0, 1.0));
    behind = mix(behind, earth, smoothstep(1.0, 0.93, length(e)));
    vec3 p = ro + rd * hit.t;
    return shade(behind, ballShadow(p, vec4(1.75, 0.0, -3.0, 0.42)));
}
