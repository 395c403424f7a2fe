import { useEffect, useRef, type ReactNode } from 'react';

let firstScreen = true;

/* The title of a screen. On a move to a new screen it takes the focus, so that it is read out and Tab goes on from there. */
export function Heading({ title, children, focus = true }: { title: string; children?: ReactNode; focus?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!firstScreen && focus) heading.current?.focus({ preventScroll: true });
    firstScreen = false;
  }, [focus]);
  return (
    <>
      <title>{title}</title>
      <h1 ref={heading} tabIndex={-1}>
        {children ?? title}
      </h1>
    </>
  );
}
