// A balloon on a string, with a star.
float string_(vec3 p) { p.x -= 0.03 * sin(p.y * 14.0); return limb(p, vec3(0.0, 0.0, 0.0), vec3(0.0, 0.3, 0.0), 0.014, 0.014) * 0.9; }
float map(vec3 p) {
    float d = egg(p, vec3(0.0, 0.68, 0.0), vec3(0.335, 0.37, 0.335));
    d = blend(d, limb(p, vec3(0.0, 0.36, 0.0), vec3(0.0, 0.3, 0.0), 0.03, 0.055), 0.06);
    return min(d, string_(p));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    if (string_(p) < 0.004) { paint.albedo = vec3(0.85); return; }
    float a = atan(p.x, p.y - 0.7), r = length(p.xy - vec2(0.0, 0.7));
    paint.albedo = mix(tint, accent, smoothstep(0.02, -0.02, r - 0.12 - 0.055 * cos(5.0 * a)) * step(0.0, p.z));
}
