// A plump bird with a crest and an orange beak; its wings beat gently.
float beak(vec3 p) { return limb(p, vec3(0.0, 0.6, 0.26), vec3(0.0, 0.57, 0.44), 0.065, 0.012); }
float feet(vec3 q) { return limb(q, vec3(0.1, 0.18, 0.02), vec3(0.11, 0.035, 0.08), 0.03, 0.035); }
float wing(vec3 q) {
    float beat = 0.25 + 0.22 * sin(time * 7.0);
    vec3 w = q - vec3(0.28, 0.46, -0.02);
    w.y -= beat * w.x * 1.6;
    return egg(w, vec3(0.19, 0.0, 0.0), vec3(0.26, 0.075, 0.16)) * 0.8;
}
float map(vec3 p) {
    vec3 q = mirror(p);
    float d = blend(egg(p, vec3(0.0, 0.4, -0.02), vec3(0.3, 0.29, 0.33)), ball(p, vec3(0.0, 0.64, 0.08), 0.22), 0.12);
    d = blend(d, limb(p, vec3(0.0, 0.36, -0.28), vec3(0.0, 0.48, -0.52), 0.1, 0.07), 0.06);
    d = blend(d, limb(p, vec3(0.0, 0.83, 0.05), vec3(0.0, 0.97, -0.04), 0.05, 0.012), 0.04);
    d = blend(d, wing(q), 0.04);
    d = min(d, ball(q, vec3(0.115, 0.69, 0.225), 0.085));
    return min(d, min(beak(p), feet(q)));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = mirror(p);
    if (beak(p) < 0.006 || feet(q) < 0.006) { paint.albedo = vec3(1.0, 0.4, 0.03); return; }
    if (ball(q, vec3(0.115, 0.69, 0.225), 0.085) < 0.006) { eyeball(q, vec3(0.115, 0.69, 0.225), 0.085, paint); return; }
    if (p.z > 0.0) paint.albedo = mix(tint, mix(tint, vec3(1.0), 0.65), smoothstep(1.05, 0.8, length((p.xy - vec2(0.0, 0.34)) / vec2(0.17, 0.18))));
    if (q.x > 0.5) paint.albedo = mix(tint, accent, smoothstep(0.5, 0.56, q.x) * 0.8);
}
