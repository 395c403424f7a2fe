import { Icon } from './icon';
import { useEffect, useState } from 'react';

const FIRST_PAUSE_MS = 700;
const LONGEST_PAUSE_MS = 8_000;
const TRIES = 14;

type Picture = { state: 'waiting' | 'failed' } | { state: 'ready'; url: string };

/* The server answers with a drawn stand-in until the picture has been made: ask again, more and more patiently. */
function usePicture(address: string): Picture {
  const [picture, setPicture] = useState<Picture>({ state: 'waiting' });
  useEffect(() => {
    if (!address) return setPicture({ state: 'failed' });
    const abort = new AbortController();
    let url = '';
    let timer = 0;
    const ask = async (tries: number) => {
      try {
        const reply = await fetch(address, { signal: abort.signal });
        const bytes = await reply.blob();
        const type = reply.headers.get('content-type') ?? '';
        if (reply.ok && type.startsWith('image/') && !type.startsWith('image/svg')) {
          if (abort.signal.aborted) return;
          url = URL.createObjectURL(bytes);
          return setPicture({ state: 'ready', url });
        }
        if (!reply.ok && reply.status !== 404 && reply.status < 429) return setPicture({ state: 'failed' });
      } catch {
        if (abort.signal.aborted) return;
      }
      if (tries >= TRIES) return setPicture({ state: 'failed' });
      timer = setTimeout(ask, Math.min(FIRST_PAUSE_MS * 1.5 ** tries, LONGEST_PAUSE_MS), tries + 1) as unknown as number;
    };
    setPicture({ state: 'waiting' });
    void ask(0);
    return () => {
      abort.abort();
      clearTimeout(timer);
      if (url) URL.revokeObjectURL(url);
    };
  }, [address]);
  return picture;
}

/* A picture that the server makes from a file; `none` where it makes none of such a file. */
export function Picture({ address, alt, none = false }: { address: string; alt: string; none?: boolean }) {
  const picture = usePicture(none ? '' : address);
  if (picture.state === 'ready') return <img src={picture.url} alt={alt} draggable={false} />;
  return (
    <span className="picture-wait" role="img" aria-label={picture.state === 'waiting' ? `${alt}: being prepared` : `${alt}: no preview`}>
      {picture.state === 'waiting' ? <i /> : <Icon name={none ? 'file' : 'noImage'} />}
    </span>
  );
}
