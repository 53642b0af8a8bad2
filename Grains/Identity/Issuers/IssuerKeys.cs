using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>The keys of an issuer, asked for again when a token names one that is not known.</summary>
internal sealed class IssuerKeys : IDisposable
{
    /// <summary>The most keys of an issuer.</summary>
    public const int MaxKeys = 100;

    /// <summary>Keys that a token is tried with which names none of them, or one that several have.</summary>
    public const int MaxTried = 8;

    /// <summary>The longest modulus of an RSA key, in bytes: a longer one is left out, as others of these whose exponent is long.</summary>
    public const int MaxModulus = 1024;

    /// <summary>The shortest modulus of an RSA key, in bytes (RFC 7518 §3.3); a shorter one is left out.</summary>
    public const int MinModulus = 256;

    /// <summary>The longest exponent of an RSA key, in bytes; what is signed by keys in use has one of three.</summary>
    public const int MaxExponent = 8;

    private readonly TokenIssuerConfiguration _configuration;
    private readonly IssuerDocuments _documents;
    private readonly IssuerAnswer<IReadOnlyList<SecurityKey>> _keys;

    /// <exception cref="IOException">The file of keys cannot be read.</exception>
    /// <exception cref="FormatException">The file contains no keys.</exception>
    public IssuerKeys(
        TokenIssuerConfiguration configuration, Func<EgressSettings> network, TimeProvider time, ServiceOutages.ServiceOutage? server)
    {
        (_configuration, _documents) = (configuration, new IssuerDocuments(network, configuration.AllowPrivate, configuration.Ca, time));
        _keys = new(FetchKeys, time, OfConfiguration(configuration.Keys), server, "keys");
    }

    /// <summary>The keys that may have signed a token with this <c>kid</c>.</summary>
    /// <exception cref="IssuerUnavailableException">
    /// There are none yet and they cannot be had, or none has the name and the issuer fails, so that it cannot say whether it has one.
    /// </exception>
    public async ValueTask<IReadOnlyList<SecurityKey>> For(string? keyId, CancellationToken cancellation)
    {
        bool IsThere(IReadOnlyList<SecurityKey> keys) => keyId is null || keys.Any(key => key.KeyId == keyId);
        var answer = await _keys.Ask(IsThere, cancellation);
        return answer.Value is { Count: > 0 } keys && (AreHere || !answer.IsFailing || IsThere(keys)) ? keys
            : throw new IssuerUnavailableException(_keys.Problem);
    }

    /// <summary>
    /// Those that a token is tried with: of its algorithm, and of the name that it says where one has that. <c>null</c> when they are too
    /// many: who tries all of them for a stranger's token works for the stranger.
    /// </summary>
    /// <param name="keys">Those of the issuer.</param>
    /// <param name="keyId">The name that the token says.</param>
    /// <param name="algorithm">The algorithm that the token says (RFC 7518 §3.1).</param>
    public static IReadOnlyList<SecurityKey>? Candidates(IReadOnlyList<SecurityKey> keys, string? keyId, string algorithm)
    {
        var named = keyId is { Length: > 0 } ? keys.Where(key => key.KeyId == keyId).Take(MaxTried + 1).ToList() : [];
        var tried = named.Count > 0 ? named : keys.Where(key => Takes(key, algorithm)).Take(MaxTried + 1).ToList();
        return tried.Count <= MaxTried ? tried : null;
    }

    /// <summary>Whether a key may have made a signature of an algorithm: of its kind, and of its curve.</summary>
    private static bool Takes(SecurityKey key, string algorithm) =>
        key.CryptoProviderFactory.IsSupportedAlgorithm(algorithm, key) && algorithm switch
        {
            SecurityAlgorithms.EcdsaSha256 => key.KeySize == 256,
            SecurityAlgorithms.EcdsaSha384 => key.KeySize == 384,
            SecurityAlgorithms.EcdsaSha512 => key.KeySize == 521,
            _ => true,
        };

    /// <summary>
    /// The keys when none of those has signed a token, though one has its name or it has none: the issuer may have others by now. It is
    /// asked at most once a minute; <c>null</c> when it just was, or has no others.
    /// </summary>
    /// <exception cref="IssuerUnavailableException">It does not answer.</exception>
    public async ValueTask<IReadOnlyList<SecurityKey>?> Renewed(IReadOnlyList<SecurityKey> known, CancellationToken cancellation)
    {
        if (AreHere)
        {
            return null;
        }

        var answer = await _keys.Ask(keys => !ReferenceEquals(keys, known), cancellation);
        return answer.IsFailing ? throw new IssuerUnavailableException(_keys.Problem)
            : ReferenceEquals(answer.Value, known) ? null : answer.Value;
    }

    /// <summary>Asks for them as anybody's first token does.</summary>
    public async ValueTask<Trial> Try(CancellationToken cancellation)
    {
        try
        {
            if (_configuration.Keys is DiscoveredKeys)
            {
                await _documents.GetDocumentAsync(DiscoveryAddress, cancellation);
            }
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            return new("discovery", ExchangeFault.Find(fault)?.Reason ?? fault.Message);
        }

        try
        {
            return Trial.Good($"has {(await For(null, cancellation)).Count} key(s)");
        }
        catch (IssuerUnavailableException fault)
        {
            return new("keys", fault.Message);
        }
    }

    public void Dispose() => _documents.Dispose();

    /// <summary>Whether the configuration holds them, so that nobody is asked.</summary>
    private bool AreHere => _configuration.Keys is FiledKeys or InlineKeys;

    private string DiscoveryAddress => $"{_configuration.Issuer.TrimEnd('/')}/.well-known/openid-configuration";

    private async Task<IReadOnlyList<SecurityKey>> FetchKeys(CancellationToken cancellation)
    {
        IReadOnlyList<SecurityKey> keys = [.. (await Read(cancellation)).Where(IsUsable).Take(MaxKeys + 1)];
        return keys.Count is > 0 and <= MaxKeys ? keys
            : throw new JsonException($"'{_configuration.Label}' has {(keys.Count == 0 ? "no keys" : $"more than {MaxKeys} keys")}");
    }

    private async Task<IEnumerable<SecurityKey>> Read(CancellationToken cancellation)
    {
        switch (_configuration.Keys)
        {
            case FiledKeys or InlineKeys:
                return OfConfiguration(_configuration.Keys)!;
            case AddressedKeys addressed:
                return new JsonWebKeySet(await _documents.GetDocumentAsync(addressed.Address.AbsoluteUri, cancellation)).GetSigningKeys();
            default:
                var discovered = await OpenIdConnectConfigurationRetriever.GetAsync(DiscoveryAddress, _documents, cancellation);
                return discovered.Issuer == _configuration.Issuer
                    ? discovered.SigningKeys
                    : throw new JsonException($"the discovery document of '{_configuration.Label}' names another issuer");
        }
    }

    /// <exception cref="FormatException">It contains no keys.</exception>
    private static List<SecurityKey>? OfConfiguration(KeySetSource source) => source switch
    {
        FiledKeys filed => Of(BoundedFile.ReadText(filed.Path), filed.Path),
        InlineKeys inline => Of(inline.Json, "jwks.inline"),
        _ => null,
    };

    private static List<SecurityKey> Of(string json, string name) =>
        new JsonWebKeySet(json).GetSigningKeys().Where(IsUsable).ToList() is { Count: > 0 and <= MaxKeys } keys ? keys
            : throw new FormatException($"{name} contains no keys, or more than {MaxKeys}");

    /// <summary>Whether a signature is worth something, and verified at once: an issuer can make keys that take seconds.</summary>
    private static bool IsUsable(SecurityKey key)
    {
        RSAParameters? parameters = key switch
        {
            RsaSecurityKey { Rsa: { } rsa } => rsa.ExportParameters(includePrivateParameters: false),
            RsaSecurityKey own => own.Parameters,
            X509SecurityKey { PublicKey: RSA rsa } => rsa.ExportParameters(includePrivateParameters: false),
            _ => null,
        };
        return parameters is not { Modulus: var modulus, Exponent: var exponent }
            || (modulus?.Length is >= MinModulus and <= MaxModulus && exponent?.Length <= MaxExponent);
    }
}

/// <summary>The keys of an issuer cannot be had.</summary>
internal sealed class IssuerUnavailableException(string message) : Exception(message);

/// <summary>
/// What an issuer says, asked for again after an hour, once for all who want it. Nobody waits for that who can do with what is known, while
/// that is less than two hours old or the issuer fails. After a failure it is not asked again for a while.
/// </summary>
/// <param name="ask">Asks the issuer.</param>
/// <param name="time">The time.</param>
/// <param name="first">What is known from the start; <c>null</c> for nothing.</param>
/// <param name="server">What is told of how the issuer fares; <c>null</c> for nothing.</param>
/// <param name="question">What is asked, in a word: how one question fares says nothing of another.</param>
internal sealed class IssuerAnswer<T>(
    Func<CancellationToken, Task<T>> ask, TimeProvider time, T? first = null, ServiceOutages.ServiceOutage? server = null,
    string question = "")
    where T : class
{
    /// <summary>From one question to the next when what is known will not do.</summary>
    private static readonly TimeSpan MinPeriod = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    /// <summary>What is older has not been wanted for long, and may have been taken back since.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromHours(2);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly SingleFlight<Known> _flight = new();
    private volatile Known _known = new(first, first is null ? default : time.GetSteadyNow(), default, "");

    /// <summary>Why the last question had no answer; for operators.</summary>
    public string Problem => _known.Problem;

    /// <summary>What is known; <c>null</c> when it never was and cannot be had now.</summary>
    /// <param name="willDo">Whether what is known will do, however fresh it is.</param>
    /// <param name="cancellation">Ends the waiting, not the question.</param>
    public async ValueTask<T?> Get(Func<T, bool> willDo, CancellationToken cancellation) => (await Ask(willDo, cancellation)).Value;

    /// <summary>The same, and whether the issuer answers.</summary>
    public async ValueTask<Answer> Ask(Func<T, bool> willDo, CancellationToken cancellation)
    {
        var known = IsDue(willDo) ? await Next(willDo, cancellation) : _known;
        return new Answer(known.Value, known.Problem.Length > 0);
    }

    private async ValueTask<Known> Next(Func<T, bool> willDo, CancellationToken cancellation)
    {
        var question = _flight.Join(() => IsDue(willDo) ? Fetch() : Task.FromResult(_known));
        var known = _known;
        var canDo = known.Value is { } value && willDo(value)
            && (known.Problem.Length > 0 || time.GetSteadyNow() < known.Asked + Stale);
        return canDo ? known : await question.WaitAsync(cancellation);
    }

    private bool IsDue(Func<T, bool> willDo)
    {
        var (known, now) = (_known, time.GetSteadyNow());
        return now >= known.NextTry
            && (known.Value is not { } value || now >= known.Asked + Life || (now >= known.Asked + MinPeriod && !willDo(value)));
    }

    private async Task<Known> Fetch()
    {
        var now = time.GetSteadyNow();
        using var limit = new CancellationTokenSource(IssuerDocuments.Timeout, time);
        try
        {
            var answer = await ask(limit.Token);
            server?.Answered(question);
            return _known = new Known(answer, now, now, "");
        }
        catch (Exception fault)
        {
            server?.Failed(fault, question);
            return _known = _known with
            {
                NextTry = time.GetSteadyNow() + AfterFailure,
                Problem = (fault.Causes().OfType<ProxyException>().FirstOrDefault() ?? fault.InnerException ?? fault).Message
            };
        }
    }

    /// <summary>What is known, and how well.</summary>
    /// <param name="Value">What is known; <c>null</c> for nothing.</param>
    /// <param name="IsFailing">Whether it did not answer the last question.</param>
    internal readonly record struct Answer(T? Value, bool IsFailing);

    private sealed record Known(T? Value, TimeSpan Asked, TimeSpan NextTry, string Problem);
}
