// A ribbed paper lantern that glows from inside, with a star on its face.
float map(vec3 p) {
    vec3 q = p - vec3(0.0, 0.46, 0.0);
    float d = egg(q, vec3(0.0), vec3(0.36, 0.37, 0.36)) + 0.008 * cos(q.y * 42.0);
    d = min(d * 0.85, min(drum(p, vec3(0.0, 0.83, 0.0), 0.15, 0.04, 0.02), drum(p, vec3(0.0, 0.08, 0.0), 0.15, 0.04, 0.02)));
    d = min(d, limb(p, vec3(0.0, 0.05, 0.0), vec3(0.0, 0.06, 0.0), 0.045, 0.03));
    return min(d, hoop(p.xzy, vec3(0.0, 0.0, 0.87), 0.09, 0.018));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    if (p.y > 0.79 || p.y < 0.125) { paint.albedo = vec3(0.08, 0.05, 0.04); return; }
    float a = atan(p.x, p.y - 0.46), r = length(p.xy - vec2(0.0, 0.46));
    float star = smoothstep(0.02, -0.02, r - 0.12 - 0.05 * cos(5.0 * a)) * step(0.0, p.z);
    paint.albedo = mix(tint * 1.15 + 0.04, accent, star);
    paint.glow = 0.45 + 0.2 * n.z + 0.03 * sin(time * 9.0);
    paint.gloss = 0.0;
}
