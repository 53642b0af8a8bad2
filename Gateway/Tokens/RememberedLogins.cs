using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Memory;

namespace RegistryProxy.Gateway.Tokens;

/// <summary>
/// Logins by Basic that succeeded, for as long as the access token would be good that they gave: whose session may do what is decided
/// elsewhere, on every request. Each counts at the address alone where it succeeded. Who looks with other passwords for the same user there
/// makes as many tries as the throttle of logins gives to an account at an address that it knows, and then every login is asked of the
/// cluster.
/// </summary>
internal sealed class RememberedLogins(TimeProvider time)
{
    /// <summary>Users at addresses.</summary>
    private const int Capacity = 20_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>Passwords and tokens of one user at one address.</summary>
    private const int MaxOfUser = 4;

    /// <summary>Tries with something that is not remembered, a second; ten at once.</summary>
    private const double Tries = 1.0 / 6;

    private static readonly TimeSpan Burst = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly WeighedCache<BasicUser, Remembered> _users = new(Capacity, MaxBytes, Weigh);

    /// <summary>What is known of a pair; <c>null</c> when it must be asked for.</summary>
    public AccessToken? Find(BasicCredentialHash proof)
    {
        if (!_users.TryGet(proof.User, out var user) || !user.Guesses.CanTake(1, Tries))
        {
            return null;
        }

        foreach (var (pair, token) in user.Logins)
        {
            if (pair == proof.Pair)
            {
                return time.GetUtcNow() < token.Expires ? token : null;
            }
        }

        user.Guesses.TryTake(1, Tries, out _);
        return null;
    }

    /// <summary>Remembers a login that succeeded.</summary>
    public void Remember(BasicCredentialHash proof, AccessToken token)
    {
        lock (_gate)
        {
            var known = _users.TryGet(proof.User, out var user) ? user : new Remembered(new RateGate(time, Burst), []);
            _users.Set(proof.User, known with
            {
                Logins = [(proof.Pair, token),
                    .. known.Logins.Where(login => login.Pair != proof.Pair && time.GetUtcNow() < login.Token.Expires).Take(MaxOfUser - 1)],
            });
        }
    }

    private static long Weigh(BasicUser user, Remembered remembered) =>
        200 + remembered.Logins.Sum(login => 500 + TextWeight.Of(login.Token.Subject) + TextWeight.Of(login.Token.Session?.Key ?? ""));

    private sealed record Remembered(RateGate Guesses, (UInt128 Pair, AccessToken Token)[] Logins);
}
