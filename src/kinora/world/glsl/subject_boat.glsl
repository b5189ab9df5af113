// A toy sailing boat: a bulging hull and a striped sail across it.
float mast(vec3 p) { return limb(p, vec3(0.0, 0.2, -0.02), vec3(0.0, 1.0, -0.02), 0.028, 0.022); }
float sail(vec3 p) {
    float bulge = 0.1 * (1.0 - 6.0 * (p.x * p.x + (p.y - 0.62) * (p.y - 0.62)));
    float d = abs(p.z - 0.02 - bulge) - 0.012;
    return max(max(d * 0.7, abs(p.x) - (0.4 - 0.3 * (p.y - 0.4))), max(0.4 - p.y, p.y - 0.95)) - 0.012;
}
float hull(vec3 p) { return max(egg(p, vec3(0.0, 0.34, 0.0), vec3(0.34, 0.34, 0.62)), abs(p.y - 0.17) - 0.17) - 0.015; }
float map(vec3 p) {
    float hold = -egg(p, vec3(0.0, 0.38, 0.0), vec3(0.26, 0.16, 0.5));
    return min(max(hull(p), hold), min(mast(p), sail(p)));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    if (sail(p) < 0.006) { paint.albedo = mix(tint, accent, smoothstep(0.3, -0.3, sin(p.y * 17.0 + 0.8))); return; }
    if (mast(p) < 0.006) { paint.albedo = vec3(0.35, 0.2, 0.1); return; }
    if (egg(p, vec3(0.0, 0.38, 0.0), vec3(0.26, 0.16, 0.5)) < 0.02) { paint.albedo = vec3(0.5, 0.3, 0.15); return; }
    paint.albedo = mix(tint, accent, smoothstep(0.012, -0.012, abs(p.y - 0.27) - 0.03));
}
