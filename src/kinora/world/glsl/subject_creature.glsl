// Round and fluffy, long ears, huge eyes, little paws, a bushy striped tail curled up beside it.
float tail(vec3 p) {
    float d = limb(p, vec3(0.2, 0.12, -0.22), vec3(0.55, 0.2, -0.2), 0.1, 0.15);
    d = blend(d, limb(p, vec3(0.6, 0.26, -0.18), vec3(0.68, 0.52, -0.16), 0.16, 0.2), 0.1);
    return blend(d, limb(p, vec3(0.68, 0.54, -0.16), vec3(0.54, 0.84, -0.14), 0.2, 0.04), 0.1);
}
float eyes(vec3 q) { return ball(q, vec3(0.135, 0.62, 0.225), 0.118); }
float map(vec3 p) {
    vec3 q = mirror(p);
    float d = egg(p, vec3(0.0, 0.3, 0.0), vec3(0.33, 0.3, 0.3));
    d = blend(d, egg(p, vec3(0.0, 0.59, 0.02), vec3(0.34, 0.28, 0.29)), 0.12);
    d = blend(d, limb(q, vec3(0.13, 0.8, 0.0), vec3(0.2, 1.14, -0.03), 0.075, 0.085), 0.06);
    d = blend(d, limb(q, vec3(0.24, 0.52, 0.08), vec3(0.42, 0.47, 0.08), 0.1, 0.02), 0.06);
    d = blend(d, limb(p, vec3(0.0, 0.84, 0.05), vec3(0.05, 0.97, 0.1), 0.06, 0.012), 0.05);
    d = min(d, egg(q, vec3(0.17, 0.065, 0.24), vec3(0.11, 0.075, 0.15)));
    d = blend(d, ball(q, vec3(0.2, 0.33, 0.26), 0.075), 0.03);
    d = min(d, tail(p));
    return min(d, eyes(q));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = mirror(p), pale = mix(tint, vec3(1.0), 0.62);
    if (eyes(q) < 0.006) { eyeball(q, vec3(0.135, 0.62, 0.225), 0.118, paint); return; }
    if (tail(p) < 0.01) {
        float along = p.y + 0.35 * p.x;
        paint.albedo = mix(tint, accent, smoothstep(-0.25, 0.25, sin(along * 19.0 + 0.7)));
        return;
    }
    float belly = length((p - vec3(0.0, 0.3, 0.3)).xy / vec2(0.17, 0.2));
    if (p.z > 0.0 && p.y > 0.08) paint.albedo = mix(tint, pale, smoothstep(1.05, 0.85, belly));
    // Inside of the ears, muzzle and nose.
    if (p.y > 0.84 && n.z > 0.2) paint.albedo = mix(tint, vec3(1.0, 0.6, 0.62), smoothstep(0.055, 0.035, abs(q.x - 0.13 - (p.y - 0.8) * 0.21)));
    if (p.z > 0.2) {
        paint.albedo = mix(paint.albedo, pale, smoothstep(0.1, 0.075, length((p.xy - vec2(0.0, 0.49)) / vec2(1.2, 0.8))));
        paint.albedo = mix(paint.albedo, vec3(0.25, 0.05, 0.08), smoothstep(0.042, 0.03, length((p.xy - vec2(0.0, 0.53)) / vec2(1.2, 0.8))));
        paint.albedo = mix(paint.albedo, vec3(0.25, 0.05, 0.08), smoothstep(0.03, 0.02, length((p.xy - vec2(0.0, 0.465)) / vec2(1.4, 0.7))));
    }
}
