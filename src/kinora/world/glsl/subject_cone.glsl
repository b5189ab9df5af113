// A pointed cone on a square foot, one pale band, a shy face.
float map(vec3 p) {
    float h = clamp(p.y / 0.97, 0.0, 1.0);
    float side = (length(p.xz) - mix(0.36, 0.03, h)) * 0.94;
    float d = max(max(side, p.y - 0.97), -p.y) - 0.02;
    return min(d, block(p, vec3(0.0, 0.05, 0.0), vec3(0.43, 0.05, 0.43), 0.04));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = mirror(p);
    paint.albedo = mix(tint, accent, smoothstep(0.012, -0.012, abs(p.y - 0.68) - 0.07));
    if (p.z > 0.0 && p.y > 0.12) {
        float eye_ = length((q.xy - vec2(0.09, 0.43)) / vec2(0.85, 1.15));
        paint.albedo = mix(paint.albedo, vec3(0.97), smoothstep(0.078, 0.066, eye_));
        paint.albedo = mix(paint.albedo, vec3(0.02), smoothstep(0.054, 0.042, eye_));
        paint.albedo = mix(paint.albedo, vec3(1.3), smoothstep(0.024, 0.014, length(q.xy - vec2(0.1, 0.455))));
        float smile = abs(length(p.xy - vec2(0.0, 0.32)) - 0.06) - 0.014;
        if (p.y < 0.31) paint.albedo = mix(paint.albedo, vec3(0.08, 0.02, 0.02), smoothstep(0.008, -0.008, smile));
    }
}
