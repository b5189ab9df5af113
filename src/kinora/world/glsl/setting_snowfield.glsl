// White-blue hills and two snowy firs.
void fir(vec3 at, float size) {
    vec3 needles = vec3(0.05, 0.24, 0.2), snow = vec3(0.86, 0.92, 1.0);
    pole(at, 0.12 * size, 0.0, 0.4 * size, vec3(0.25, 0.15, 0.1));
    cone(at + vec3(0.0, 1.15, 0.0) * size, 0.62, 0.9 * size, needles, snow);
    cone(at + vec3(0.0, 1.7, 0.0) * size, 0.6, 0.8 * size, needles, snow);
    cone(at + vec3(0.0, 2.15, 0.0) * size, 0.58, 0.65 * size, needles, snow);
}
vec3 setting() {
    haze = horizon;
    vec2 g = groundPoint();
    ground(mix(vec3(0.5, 0.64, 0.9), vec3(0.62, 0.74, 0.94), 0.5 + 0.5 * sin(g.x * 0.7 + 0.8 * sin(g.y * 0.5))));
    ellipsoid(vec3(-5.0, -1.2, -12.0), vec3(7.0, 3.5, 4.0), vec3(0.76, 0.84, 0.97), 0.0);
    ellipsoid(vec3(6.0, -1.3, -15.0), vec3(8.0, 4.8, 4.0), vec3(0.62, 0.74, 0.95), 0.0);
    ellipsoid(vec3(-17.0, -1.2, -18.0), vec3(9.0, 6.0, 5.0), vec3(0.62, 0.74, 0.95), 0.0);
    ellipsoid(vec3(19.0, -1.2, -16.0), vec3(9.0, 4.4, 5.0), vec3(0.76, 0.84, 0.97), 0.0);
    fir(vec3(-1.75, 0.0, -2.6), 0.95);
    fir(vec3(1.95, 0.0, -3.6), 1.15);
    // At sunset snow turns lilac, not sandy.
    float dusk = smoothstep(0.4, 0.7, 1.0 - sunColour.b / sunColour.r);
    hit.albedo *= mix(vec3(1.0), vec3(0.78, 1.0, 1.75), dusk);
    vec3 p = ro + rd * hit.t;
    return shade(stars(sky()), ballShadow(p, vec4(-1.75, 0.9, -2.6, 0.5)) * ballShadow(p, vec4(1.95, 1.0, -3.6, 0.6)));
}
