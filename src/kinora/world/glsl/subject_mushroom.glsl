// A broad cap with pale dots on a cute stem with a face.
float cap(vec3 p) { return max(egg(p, vec3(0.0, 0.5, 0.0), vec3(0.56, 0.5, 0.56)), 0.47 + 0.05 * dot(p.xz, p.xz) - p.y) - 0.02; }
float map(vec3 p) {
    float d = blend(egg(p, vec3(0.0, 0.22, 0.0), vec3(0.27, 0.24, 0.25)), limb(p, vec3(0.0, 0.25, 0.0), vec3(0.0, 0.5, 0.0), 0.2, 0.19), 0.08);
    return min(d, cap(p));
}
float spot(vec3 d, vec3 at, float size) { return smoothstep(size, size + 0.012, dot(d, normalize(at))); }
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = mirror(p);
    if (cap(p) < 0.01) {
        vec3 d = normalize((p - vec3(0.0, 0.5, 0.0)) / vec3(0.56, 0.5, 0.56));
        float dots = max(max(spot(d, vec3(-0.25, 0.5, 0.8), 0.962), spot(d, vec3(0.5, 0.28, 0.8), 0.972)),
                         max(spot(d, vec3(0.25, 1.0, 0.4), 0.968), spot(d, vec3(-0.85, 0.35, 0.3), 0.968)));
        dots = max(dots, max(max(spot(d, vec3(0.9, 0.4, -0.1), 0.965), spot(d, vec3(-0.5, 0.5, -0.7), 0.96)), spot(d, vec3(0.5, 0.5, -0.8), 0.96)));
        paint.albedo = n.y < -0.5 ? tint * 0.7 : mix(tint, accent, dots);
        return;
    }
    paint.albedo = vec3(0.92, 0.8, 0.62);
    if (p.z > 0.0) {
        float eye_ = length((q.xy - vec2(0.1, 0.31)) / vec2(0.85, 1.15));
        paint.albedo = mix(paint.albedo, vec3(0.03, 0.02, 0.03), smoothstep(0.055, 0.042, eye_));
        paint.albedo = mix(paint.albedo, vec3(1.3), smoothstep(0.024, 0.014, length(q.xy - vec2(0.115, 0.335))));
        paint.albedo = mix(paint.albedo, vec3(1.0, 0.42, 0.4), 0.8 * smoothstep(0.05, 0.035, length(q.xy - vec2(0.175, 0.22))));
        float smile = abs(length(p.xy - vec2(0.0, 0.255)) - 0.045) - 0.013;
        if (p.y < 0.25) paint.albedo = mix(paint.albedo, vec3(0.2, 0.03, 0.03), smoothstep(0.008, -0.008, smile));
    }
}
