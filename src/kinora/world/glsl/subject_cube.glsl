// A rounded toy cube, marked like a die so that every side differs.
float map(vec3 p) { return block(turned(p, 0.15), vec3(0.0, 0.42, 0.0), vec3(0.42), 0.1); }
float dot_(vec2 p, vec2 c, float r) { return smoothstep(r, r - 0.025, length(p - c)); }
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = turned(p, 0.15) - vec3(0.0, 0.42, 0.0), a = abs(q);
    float mark;
    if (a.y > max(a.x, a.z)) mark = dot_(abs(q.xz), vec2(0.16), 0.085);
    else if (a.z > a.x) mark = q.z > 0.0 ? dot_(q.xy, vec2(0.0), 0.16) : max(dot_(abs(q.xy), vec2(0.17), 0.085), dot_(q.xy, vec2(0.0), 0.085));
    else mark = q.x > 0.0 ? max(dot_(q.zy, vec2(-0.15, 0.15), 0.1), dot_(q.zy, vec2(0.15, -0.15), 0.1))
                          : max(dot_(q.zy, vec2(0.0), 0.09), max(dot_(q.zy, vec2(0.2), 0.09), dot_(q.zy, vec2(-0.2), 0.09)));
    paint.albedo = mix(tint, accent, mark);
}
