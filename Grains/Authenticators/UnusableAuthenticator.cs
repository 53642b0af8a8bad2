using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>
/// Stands for an authenticator whose files could never be used on this silo, as when they come later than the configuration: it knows of
/// nobody that he is unknown, so that no login is refused and no session ends for that.
/// </summary>
internal abstract class UnusableAuthenticator(string name) : IAuthenticator
{
    public TimeSpan? RecheckEvery => TimeSpan.Zero;

    private protected Verdict Verdict { get; } = Verdict.Unavailable($"the files of '{name}' cannot be used on this silo");

    public static UnusableAuthenticator Of(AuthenticatorConfiguration configuration) =>
        configuration.TakesPasswords ? new OfPasswords(configuration.Name) : new OfTokens(configuration.Name);

    public ValueTask<Verdict> Recheck(VerifiedIdentity known, CancellationToken cancellation) => new(Verdict);

    private sealed class OfPasswords(string name) : UnusableAuthenticator(name), IPasswordAuthenticator
    {
        public ValueTask<Verdict> Verify(string user, Secret password, PasswordSource from, CancellationToken cancellation) => new(Verdict);

        public ValueTask<Verdict> Find(string user, PasswordSource from, CancellationToken cancellation) => new(Verdict);
    }

    private sealed class OfTokens(string name) : UnusableAuthenticator(name), ITokenAuthenticator
    {
        TimeSpan? IAuthenticator.RecheckEvery => RecheckEvery;

        ValueTask<Verdict> IAuthenticator.Recheck(VerifiedIdentity known, CancellationToken cancellation) => Recheck(known, cancellation);

        public bool Allows(VerifiedIdentity identity) => true;

        public ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation) => new(Verdict);
    }
}
