/** The authorization field: kept for this browser tab's session and nowhere else. */
import { useGraphiQLActions } from '@graphiql/react';
import { useState, type ChangeEvent, type KeyboardEvent, type ReactNode } from 'react';

const KEY = 'florin:authorization';

/** What every request says in its Authorization header, and a WebSocket in connection_init. */
export function authorization(): string {
  return sessionStorage.getItem(KEY) ?? '';
}

export function AuthorizationField(): ReactNode {
  const { introspect } = useGraphiQLActions();
  const [value, setValue] = useState(authorization);
  const [introspectedWith, setIntrospectedWith] = useState(value);

  const change = (event: ChangeEvent<HTMLInputElement>): void => {
    const given = event.currentTarget.value.trim();
    setValue(given);
    if (given === '') {
      sessionStorage.removeItem(KEY);
    } else {
      sessionStorage.setItem(KEY, given);
    }
  };
  // Whoever may not see the schema without it sees it once it is there.
  const settle = (): void => {
    if (value !== introspectedWith) {
      setIntrospectedWith(value);
      introspect();
    }
  };
  const settleOnEnter = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      settle();
    }
  };

  return (
    <label className="florin-authorization">
      <span>Authorization</span>
      <input
        // Not a password field: browsers would offer to keep it. The style sheet hides it.
        type="text"
        value={value}
        onChange={change}
        onBlur={settle}
        onKeyDown={settleOnEnter}
        placeholder="florin_…"
        autoComplete="off"
        spellCheck={false}
        title="Sent with every request, and in connection_init; forgotten with this browser tab."
      />
    </label>
  );
}
