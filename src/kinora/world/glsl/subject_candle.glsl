// A thick candle of coloured wax with runs of wax, a smiling face, and a flame that flickers.
float flame(vec3 p) {
    float sway = 0.03 * sin(time * 9.0) + 0.02 * sin(time * 23.0 + 1.0);
    p -= vec3(sway * (p.y - 0.76) * 3.0, 0.0, 0.0);
    float h = 1.0 + 0.12 * sin(time * 13.0 + 2.0);
    return limb(p, vec3(0.0, 0.86, 0.0), vec3(0.0, 0.87 + 0.18 * h, 0.0), 0.105, 0.012);
}
float wick(vec3 p) { return limb(p, vec3(0.0, 0.7, 0.0), vec3(0.01, 0.8, 0.0), 0.018, 0.018); }
float map(vec3 p) {
    float d = drum(p, vec3(0.0, 0.36, 0.0), 0.3, 0.36, 0.07);
    d = blend(d, drum(p, vec3(0.0, 0.05, 0.0), 0.4, 0.05, 0.045), 0.06);
    d = blend(d, limb(p, vec3(0.25, 0.69, 0.15), vec3(0.26, 0.42, 0.16), 0.055, 0.075), 0.04);
    d = blend(d, limb(p, vec3(-0.28, 0.69, 0.08), vec3(-0.29, 0.54, 0.08), 0.05, 0.07), 0.04);
    d = blend(d, limb(p, vec3(0.05, 0.69, -0.28), vec3(0.05, 0.3, -0.29), 0.055, 0.08), 0.04);
    return min(d, min(flame(p), wick(p)));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    if (flame(p) < 0.008) {
        float core = smoothstep(0.2, 0.9, n.z) * smoothstep(1.06, 0.85, p.y);
        paint.albedo = mix(vec3(1.5, 0.5, 0.06), vec3(1.7, 1.25, 0.55), core);
        paint.glow = 1.0; paint.gloss = 0.0;
        return;
    }
    if (wick(p) < 0.006) { paint.albedo = vec3(0.05); return; }
    vec3 q = mirror(p);
    paint.glow = 0.16 * smoothstep(0.35, 0.75, p.y);  // light that the wax lets through
    if (p.z > 0.0) {
        float eye_ = length((q.xy - vec2(0.115, 0.44)) / vec2(0.85, 1.1));
        paint.albedo = mix(paint.albedo, vec3(0.97), smoothstep(0.094, 0.082, eye_));
        paint.albedo = mix(paint.albedo, vec3(0.025, 0.02, 0.025), smoothstep(0.066, 0.054, length((q.xy - vec2(0.108, 0.44)) / vec2(0.85, 1.1))));
        paint.albedo = mix(paint.albedo, vec3(1.3), smoothstep(0.03, 0.02, length(q.xy - vec2(0.125, 0.465))));
        float smile = abs(length(p.xy - vec2(0.0, 0.32)) - 0.075) - 0.016;
        if (p.y < 0.31) paint.albedo = mix(paint.albedo, vec3(0.05, 0.01, 0.02), smoothstep(0.008, -0.008, smile));
    }
}
