// The surroundings of a shot: sky, ground and props, all closed-form. `setting` comes from setting_*.glsl.
out vec4 colour;

void main() {
    ro = eye;
    rd = cameraRay();
    hit = Hit(FAR, vec3(0.0, 1.0, 0.0), vec3(0.0), 0.0);
#if defined(WALL) && !defined(INDOORS)
    standWall();
#endif
    vec3 lit = setting();
#ifdef TRUTH
    colour = vec4(0.0, hit.t, 0.0, 1.0);
#else
    colour = vec4(lit, hit.t);
#endif
    gl_FragDepth = encodeDepth(hit.t);
}
