import { Icon } from '../../../kit/icon';
import { photoUrl, type Photo } from '../../../api/client';
import { Button } from '../../../kit/button';
import { Dialog } from '../../../kit/dialog';
import { Picture } from '../../../kit/picture';
import { moment } from '../../../words';

interface ViewerProps {
  photos: Photo[];
  at: number;
  onMove: (index: number) => void;
  onClose: () => void;
}

export default function Viewer({ photos, at, onMove, onClose }: ViewerProps) {
  const photo = photos[at]!;
  const move = (by: number) => onMove((at + by + photos.length) % photos.length);
  return (
    <Dialog title={`Photo ${at + 1} of ${photos.length}`} description={moment(photo.created_at)} onClose={onClose} wide>
      <div
        className="viewer"
        onKeyDown={(event) => {
          if (event.key === 'ArrowRight') move(1);
          if (event.key === 'ArrowLeft') move(-1);
        }}
      >
        <div className="viewer-picture">
          <Picture key={photo.uuid} address={photoUrl(photo.uuid)} alt={`Photo ${at + 1}, ${moment(photo.created_at)}`} />
        </div>
        {photos.length > 1 && (
          <div className="viewer-moves">
            <Button aria-label="Photo before" icon={<Icon name="left" />} onClick={() => move(-1)} />
            <Button aria-label="Next photo" icon={<Icon name="right" />} onClick={() => move(1)} />
          </div>
        )}
      </div>
    </Dialog>
  );
}
