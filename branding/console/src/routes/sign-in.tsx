import { Form } from '@base-ui/react/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import * as v from 'valibot';
import { signIn } from '../api/client';
import { asProblem } from '../api/problem';
import { Brand } from '../brand';
import { Button } from '../kit/button';
import { TextField } from '../kit/field';
import { Heading } from '../kit/heading';
import { faults } from '../kit/faults';
import { Notices } from '../kit/notices';
import { brandingQuery, client, meQuery } from '../queries';

const credentials = v.object({
  email: v.pipe(v.string(), v.trim(), v.nonEmpty('Enter your e-mail address'), v.email('That is not a whole e-mail address')),
  password: v.pipe(v.string(), v.nonEmpty('Enter your password')),
});

/* Only a path of this site: never where a link from elsewhere points. */
const safe = (to: string | undefined): string => (to && /^\/(?![/\\])/.test(to) ? to : '/jobs');

export default function SignIn() {
  const { to } = useSearch({ from: '/sign-in' });
  const router = useRouter();
  const form = useRef<HTMLFormElement>(null);
  const branding = useQuery(brandingQuery);
  const attempt = useMutation({
    mutationFn: async (values: { email: string; password: string; remember: boolean }) => {
      const checked = faults(credentials, values);
      await signIn(checked.email, checked.password, values.remember);
      client.removeQueries({ queryKey: meQuery.queryKey });
      await client.ensureQueryData(meQuery);
    },
    onSuccess: () => router.history.replace(safe(to)),
    onError: () => form.current?.querySelector<HTMLInputElement>('input[type=password]')?.select(),
  });
  const problem = attempt.error && asProblem(attempt.error);

  return (
    <main id="main" className="sign-in">
      <div className="sign-in-card">
        <Brand branding={branding.data} />
        <Heading title={`Sign in · ${branding.data?.name ?? 'PropOps'}`} focus={false}>
          Sign in
        </Heading>
        <Form
          ref={form}
          className="form"
          noValidate
          errors={problem?.fields}
          onSubmit={(event) => {
            event.preventDefault();
            const values = new FormData(event.currentTarget);
            attempt.mutate({
              email: String(values.get('email')),
              password: String(values.get('password')),
              remember: values.get('remember_me') === 'on',
            });
          }}
        >
          {problem && Object.keys(problem.fields).length === 0 && (
            <p className="alert" role="alert">
              {problem.message}
              {problem.retryAfter > 0 && `; try again in ${problem.retryAfter} seconds`}
            </p>
          )}
          <TextField name="email" label="E-mail address" type="email" autoComplete="username" inputMode="email" autoFocus />
          <TextField name="password" label="Password" type="password" autoComplete="current-password" />
          <label className="check">
            <input type="checkbox" name="remember_me" />
            Keep me signed in for 30 days
          </label>
          <Button type="submit" look="primary" className="wide" busy={attempt.isPending}>
            Sign in
          </Button>
        </Form>
      </div>
      <Notices />
    </main>
  );
}
