// Rounded boxes, an aerial, lamp eyes, a dial on its chest.
float aerial(vec3 p) { return min(limb(p, vec3(0.0, 0.94, 0.0), vec3(0.0, 1.06, 0.0), 0.018, 0.018), ball(p, vec3(0.0, 1.08, 0.0), 0.055)); }
float claws(vec3 q) { return ball(q, vec3(0.45, 0.3, 0.06), 0.09); }
float map(vec3 p) {
    vec3 q = mirror(p);
    float d = min(block(p, vec3(0.0, 0.38, 0.0), vec3(0.27, 0.2, 0.2), 0.07), block(p, vec3(0.0, 0.79, 0.0), vec3(0.29, 0.17, 0.22), 0.08));
    d = min(d, drum(p, vec3(0.0, 0.6, 0.0), 0.1, 0.05, 0.02));
    d = min(d, block(q, vec3(0.15, 0.1, 0.03), vec3(0.1, 0.1, 0.15), 0.04));
    d = min(d, min(limb(q, vec3(0.3, 0.5, 0.0), vec3(0.44, 0.34, 0.05), 0.065, 0.06), claws(q)));
    return min(d, aerial(p));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = mirror(p), metal = vec3(0.42, 0.46, 0.52);
    if (aerial(p) < 0.006) { paint.albedo = p.y > 1.03 ? vec3(1.0, 0.75, 0.2) : metal; paint.glow = p.y > 1.03 ? 0.7 : 0.0; return; }
    if (claws(q) < 0.006 || (p.y > 0.55 && p.y < 0.62)) { paint.albedo = metal; return; }
    if (p.z > 0.15 && p.y > 0.6) {
        float eye_ = length(q.xy - vec2(0.13, 0.83));
        paint.albedo = mix(paint.albedo, vec3(0.04, 0.05, 0.07), smoothstep(0.115, 0.1, eye_));
        paint.albedo = mix(paint.albedo, vec3(0.75, 1.25, 1.35), smoothstep(0.08, 0.065, eye_));
        paint.glow = smoothstep(0.08, 0.065, eye_);
        if (abs(p.y - 0.69) < 0.022 && q.x < 0.11) { paint.albedo = vec3(0.04, 0.05, 0.07); paint.glow = 0.0; }
    } else if (p.z > 0.15 && p.y > 0.2) {
        float dial = length(p.xy - vec2(0.0, 0.39));
        paint.albedo = mix(mix(paint.albedo, accent, smoothstep(0.12, 0.105, dial)), vec3(0.9, 0.2, 0.15), smoothstep(0.06, 0.045, dial));
    } else if (p.z < -0.15 && p.y > 0.25 && p.y < 0.5 && q.x < 0.15) paint.albedo = mix(tint, metal, 0.7);
}
