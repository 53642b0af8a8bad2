namespace RegistryProxy.Configuration;

/// <summary>One way to prove an identity.</summary>
public abstract record AuthenticatorConfiguration
{
    /// <summary>What stands for an authenticator where refresh tokens are meant.</summary>
    public const string Session = "session";

    /// <summary>What stands for one where robots are meant: machine tokens, which a tenant has without naming an authenticator.</summary>
    public const string Robot = "robot";

    /// <summary>Its name, as the tenants that have it say it.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Whether a tenant defines it, for itself alone: nothing that it names is reached without its address being vetted, through a proxy
    /// either.
    /// </summary>
    public bool IsOfTenant { get; init; }

    /// <summary>Names what the file says of it, beside secrets that stand there; empty for what comes from no file.</summary>
    public string Stamp { get; init; } = "";

    /// <summary>The <c>type</c> in the file.</summary>
    public abstract string Type { get; }

    /// <summary>
    /// Names who proves identities here, where nobody is asked for them again: under the same name another one may be meant later.
    /// </summary>
    public virtual string Prover => Type;

    /// <summary>Whether it takes user names and passwords; else it takes credential text under the user name <c>_NAME</c>.</summary>
    public virtual bool TakesPasswords => false;

    /// <summary>Whether it proves machines rather than people: their sessions live 12 h at most.</summary>
    public virtual bool ProvesMachines => false;

    /// <summary>Absolute paths of files and folders that belong to it; read again when they change.</summary>
    public virtual IReadOnlyList<string> Files => [];
}
