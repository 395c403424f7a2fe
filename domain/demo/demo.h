/*
 * demo: fills an org with a letting agency that looks like a real one, the same each time; and many more jobs for load.
 */
#ifndef DOMAIN_DEMO_H
#define DOMAIN_DEMO_H

int verb_demo(int argc, char **argv);

#endif
