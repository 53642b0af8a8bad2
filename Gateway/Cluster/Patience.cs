using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>For how long a question is worth asking, and when it may be asked again: one row for each kind of question.</summary>
/// <param name="Repeat">When it may be asked again.</param>
/// <param name="Attempt">How long an answer may take before the question is asked by another way.</param>
/// <param name="Total">How long it may take altogether. A silo that died is out of the cluster sooner.</param>
internal sealed record Patience(Repeat Repeat, TimeSpan Attempt, TimeSpan Total)
{
    /// <summary>Longer than a search in a directory, which a refresh token may cost.</summary>
    private static readonly TimeSpan Search = TimeSpan.FromSeconds(4);

    /// <summary>As long as people wait who can ask again at once.</summary>
    private static readonly TimeSpan People = TimeSpan.FromSeconds(10);

    /// <summary>What is answered from memory.</summary>
    public static Patience Quick { get; } = new(Repeat.WhenSilent, TimeSpan.FromSeconds(1), People);

    /// <summary>What is asked again anyway.</summary>
    public static Patience Brief { get; } = new(Repeat.WhenSilent, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    /// <summary>A grant, which may have to be fetched; all who ask wait for the same one.</summary>
    public static Patience Grant { get; } = new(Repeat.WhenSilent, TimeSpan.FromSeconds(3), People);

    /// <summary>An anonymous token.</summary>
    public static Patience Anonymous { get; } = new(Repeat.WhenSilent, TimeSpan.FromSeconds(2.5), People);

    /// <summary>A refresh token; the directory is searched once for all who show it.</summary>
    public static Patience Refresh { get; } = new(Repeat.WhenSilent, Search, People);

    /// <summary>A nonce; making one keeps nothing.</summary>
    public static Patience Nonce { get; } = new(Repeat.WhenSilent, TimeSpan.FromSeconds(2.5), People);

    /// <summary>A user name and password: a directory counts the wrong ones, bcrypt takes a processor.</summary>
    public static Patience Password { get; } = Once(Repeat.WhenLost);

    /// <summary>Credential text: its nonce counts once, a verifier may count it.</summary>
    public static Patience Assertion { get; } = Once(Repeat.WhenRefused);

    /// <summary>A device code: an identity is given out once.</summary>
    public static Patience DeviceCode { get; } = Once(Repeat.WhenRefused);

    /// <summary>Where to send a browser: the provider may be asked, once for all.</summary>
    public static Patience PeopleLogin { get; } = new(Repeat.WhenSilent, TimeSpan.FromSeconds(9.5), People);

    /// <summary>A code of a provider: it is redeemed once.</summary>
    public static Patience Redemption { get; } = Once(Repeat.WhenRefused);

    /// <summary>The login of a device begins; one that nobody heard of ends by itself.</summary>
    public static Patience DeviceStart { get; } = new(Repeat.WhenLost, People, People);

    /// <summary>A user code; guesses are counted.</summary>
    public static Patience DeviceSearch { get; } = new(Repeat.WhenLost, People, People);

    /// <summary>The row of a login with these credentials.</summary>
    public static Patience Of(LoginCredentialsKind credentials) => credentials switch
    {
        LoginCredentialsKind.Anonymous => Anonymous,
        LoginCredentialsKind.RefreshToken => Refresh,
        LoginCredentialsKind.Password => Password,
        LoginCredentialsKind.DeviceCode => DeviceCode,
        _ => Assertion,
    };

    private static Patience Once(Repeat repeat) => new(repeat, LoginTimes.Gateway, LoginTimes.Gateway);
}
