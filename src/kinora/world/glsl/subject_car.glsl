// A chubby toy car: windows all round, big wheels, headlights that look like eyes.
float wheels(vec3 q) {
    vec3 w = vec3(q.x - 0.33, q.y - 0.15, abs(q.z) - 0.34);
    vec2 d = vec2(length(w.yz) - 0.15, abs(w.x) - 0.065) + 0.04;
    return min(max(d.x, d.y), 0.0) + length(max(d, 0.0)) - 0.04;
}
float map(vec3 p) {
    vec3 q = mirror(p);
    float d = block(p, vec3(0.0, 0.34, 0.0), vec3(0.36, 0.2, 0.62), 0.15);
    d = blend(d, block(p, vec3(0.0, 0.62, -0.08), vec3(0.3, 0.2, 0.36), 0.15), 0.08);
    d = min(d, ball(q, vec3(0.19, 0.42, 0.57), 0.105));
    return min(d, wheels(q));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = mirror(p);
    if (wheels(q) < 0.006) {
        float hub = length(vec2(p.y - 0.15, abs(p.z) - 0.34));
        paint.albedo = mix(vec3(0.85), vec3(0.035), smoothstep(0.055, 0.07, hub)); paint.gloss = 0.1;
        return;
    }
    if (ball(q, vec3(0.19, 0.42, 0.57), 0.105) < 0.006) { eyeball(q, vec3(0.19, 0.42, 0.57), 0.105, paint); return; }
    vec3 glass = vec3(0.05, 0.09, 0.14);
    float across = abs(p.z + 0.08);
    bool side = abs(n.x) > 0.6 && p.y > 0.55 && p.y < 0.76 && across < 0.28 && across > 0.03;
    bool front = abs(n.z) > 0.6 && p.y > 0.56 && p.y < 0.76 && q.x < 0.22;
    if (side || front) { paint.albedo = glass; paint.gloss = 0.8; return; }
    if (p.y < 0.2) paint.albedo = vec3(0.1);
    if (p.z < -0.5 && q.x > 0.17 && abs(p.y - 0.4) < 0.06) paint.albedo = vec3(0.8, 0.03, 0.03);
    if (p.z > 0.45 && abs(p.y - 0.27) < 0.035 && q.x < 0.2) paint.albedo = vec3(0.85);
}
