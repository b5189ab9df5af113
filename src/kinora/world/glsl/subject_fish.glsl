// A round fish with pale stripes; fins and tail wave.
float fins(vec3 p) {
    vec3 q = mirror(p);
    float wave = 0.09 * sin(time * 6.0);
    vec3 t = p - vec3(wave, 0.0, 0.0);
    float d = egg(t, vec3(0.0, 0.58, -0.52), vec3(0.055, 0.2, 0.12));
    d = min(d, egg(t, vec3(0.0, 0.3, -0.52), vec3(0.055, 0.2, 0.12)));
    d = min(d, egg(p, vec3(0.0, 0.76, -0.08), vec3(0.05, 0.13, 0.22)));
    return min(d, egg(q, vec3(0.36, 0.3, 0.02), vec3(0.15, 0.04, 0.1)));
}
float map(vec3 p) {
    vec3 q = mirror(p);
    float d = egg(p, vec3(0.0, 0.43, 0.0), vec3(0.29, 0.34, 0.42));
    d = blend(d, limb(p, vec3(0.0, 0.43, -0.3), vec3(0.0, 0.43, -0.5), 0.14, 0.07), 0.08);
    d = blend(d, fins(p), 0.04);
    d = blend(d, hoop(vec3(p.x, p.z - 0.4, p.y), vec3(0.0, 0.0, 0.35), 0.055, 0.03), 0.02);
    return min(d, ball(q, vec3(0.16, 0.53, 0.28), 0.11));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = mirror(p);
    if (ball(q, vec3(0.16, 0.53, 0.28), 0.11) < 0.006) { eyeball(q, vec3(0.16, 0.53, 0.28), 0.11, paint); return; }
    if (length(vec2(p.x, p.y - 0.35)) < 0.05 && p.z > 0.3) { paint.albedo = vec3(0.25, 0.02, 0.04); return; }
    float stripe = max(smoothstep(0.05, 0.035, abs(p.z - 0.08)), smoothstep(0.045, 0.03, abs(p.z + 0.2)));
    paint.albedo = mix(tint, accent, stripe * step(q.x, 0.32));
    if (fins(p) < 0.01) paint.albedo = tint * 0.72;
}
