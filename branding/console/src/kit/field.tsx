import { Field as Base } from '@base-ui/react/field';
import type { ComponentProps, ReactNode } from 'react';

interface Common {
  name: string;
  label: string;
  hint?: string;
  optional?: boolean;
}

export function Field({ name, label, hint, optional, children }: Common & { children: ReactNode }) {
  return (
    <Base.Root name={name} className="field">
      <Base.Label className="label">
        {label}
        {optional && <span className="optional"> optional</span>}
      </Base.Label>
      {children}
      {hint && <Base.Description className="hint">{hint}</Base.Description>}
      <Base.Error className="error" />
    </Base.Root>
  );
}

export function TextField({ name, label, hint, optional, ...input }: Common & ComponentProps<'input'>) {
  return (
    <Field {...{ name, label, hint, optional }}>
      <Base.Control className="input" {...(input as ComponentProps<typeof Base.Control>)} />
    </Field>
  );
}

export function TextArea({ name, label, hint, optional, ...area }: Common & ComponentProps<'textarea'>) {
  return (
    <Field {...{ name, label, hint, optional }}>
      <Base.Control render={<textarea className="input area" {...area} />} />
    </Field>
  );
}

export function Choice({ name, label, hint, optional, children, ...select }: Common & ComponentProps<'select'>) {
  return (
    <Field {...{ name, label, hint, optional }}>
      <span className="select">
        <Base.Control
          render={
            <select className="input" {...select}>
              {children}
            </select>
          }
        />
      </span>
    </Field>
  );
}
