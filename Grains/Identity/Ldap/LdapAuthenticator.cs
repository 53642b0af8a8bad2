using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>
/// Users of a directory: searched by the reader and then bound, or bound directly. Their groups and their presence are looked up again
/// while they have a session.
/// </summary>
internal sealed partial class LdapAuthenticator(LdapConfiguration configuration, TimeProvider time, ILogger logger)
    : IPasswordAuthenticator, ITriable, IDisposable
{
    /// <summary>The claim with the user's distinguished name.</summary>
    private const string NameClaim = "dn";

    private const string Anything = "(objectClass=*)";

    private const int MaxName = 256;

    /// <summary>Attributes that change with the password, where a directory has them.</summary>
    private static readonly string[] PasswordTimes = ["pwdChangedTime", "pwdLastSet"];

    /// <summary>What is told of how the directory fares; <c>null</c> for nothing.</summary>
    public ServiceOutages.ServiceOutage? Server { get; init; }

    /// <summary>Keeps what was read last of <c>bindPassword</c>; <c>null</c> to take it as it lies there now.</summary>
    public AuthenticatorSecrets? Secrets { get; init; }

    private readonly LdapPool _pool = new(new LdapServer(configuration), time);
    private readonly string? _nameAttribute = NameAttribute().Match(configuration.UserFilter) is { Success: true } match
        ? match.Groups[1].Value : null;

    /// <summary>A directory where nobody can search cannot be asked again.</summary>
    public TimeSpan? RecheckEvery => CanSearch ? TimeSpan.FromSeconds(60) : null;

    private bool CanSearch => configuration.UserDn.Length == 0 || configuration.BindDn.Length > 0;

    public ValueTask<Verdict> Verify(string user, Secret password, PasswordSource from, CancellationToken cancellation) =>
        !IsUsable(user) || password.IsEmpty() || password.Reveal().Contains('\0')
            ? new(Verdict.WrongPassword)
            : Query(from, (link, limit) =>
                configuration.UserDn.Length > 0 ? Direct(link, user, password, limit)
                    : Searched(link, user, password, limit), cancellation);

    public ValueTask<Verdict> Recheck(VerifiedIdentity known, CancellationToken cancellation) => Query(
        null,
        async (link, limit) =>
        {
            await BecomeReader(link, limit);
            return await Entry(link, known.Claims[NameClaim], limit,
                configuration.UserDn.Length > 0 ? Anything : FilterFor(known.Subject)) is { } entry
                ? Verdict.Proved(await Identify(link, known.Subject, entry, limit))
                : Verdict.Unknown;
        },
        cancellation);

    public ValueTask<Verdict> Find(string user, PasswordSource from, CancellationToken cancellation) =>
        !IsUsable(user) ? new(Verdict.Unknown)
        : !CanSearch ? new(Verdict.Unavailable($"the directory of '{configuration.Name}' cannot be searched: bindDn is not set"))
        : Query(from, (link, limit) => Found(link, user, limit), cancellation);

    public async ValueTask<Trial> Try(CancellationToken cancellation)
    {
        string? step = null;
        try
        {
            return await _pool.Use(null, async (link, limit) =>
            {
                step = "bind";
                if (!CanSearch)
                {
                    return Trial.Good("answers; no search was tried, because bindDn is not set");
                }

                await BecomeReader(link, limit);
                step = "search";
                return await Missing(link, limit) is { } missing ? new Trial(step, missing)
                    : Trial.Good($"takes {(configuration.BindDn.Length > 0 ? "bindDn" : "anybody")} and can be searched");
            }, cancellation);
        }
        catch (LdapException fault) when (step is null)
        {
            return Trial.Of(fault, "TCP");
        }
        catch (LdapException fault)
        {
            return new(step, fault.Message);
        }
    }

    public void Dispose() => _pool.Dispose();

    /// <summary>
    /// Which base the searches of a login do not find, asked for a name that nobody has. The entry of a base itself may be hidden from the
    /// reader, who finds what is below it all the same.
    /// </summary>
    private async Task<string?> Missing(LdapLink link, CancellationToken cancellation)
    {
        var nobody = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var group = configuration.GroupFilter.Replace("{0}", LdapEscape.Filter($"cn={nobody}"), StringComparison.Ordinal);
        foreach (var (field, name, filter) in new[]
        {
            ("baseDn", configuration.BaseDn, FilterFor(nobody)), ("groupBaseDn", configuration.GroupBaseDn, group),
        })
        {
            if (name.Length > 0 && filter.Length > 0
                && await link.Found(new LdapSearch(name, false, filter, Attributes), Seconds, cancellation) is null)
            {
                return $"{field} is not there, or the reader may not see it";
            }
        }

        return null;
    }

    private async ValueTask<Verdict> Query(
        PasswordSource? login, Func<LdapLink, CancellationToken, Task<Verdict>> work, CancellationToken cancellation)
    {
        LdapLink? used = null;
        try
        {
            var verdict = await _pool.Use(
                login,
                (link, limit) =>
                {
                    used = link;
                    return work(link, limit);
                },
                cancellation);
            Server?.Answered();
            return verdict;
        }
        catch (LdapBusyException)
        {
            return Verdict.Busy;
        }
        catch (LdapException fault)
        {
            Server?.Failed(fault);
            return Undecided(used?.Tried ?? LdapTry.None, fault);
        }
    }

    /// <summary>What the directory has counted counts here, whatever becomes of the questions after it, or of the answer.</summary>
    private Verdict Undecided(LdapTry tried, LdapException fault) => tried == LdapTry.Refused
        ? Verdict.WrongPassword
        : Verdict.Unavailable(fault is LdapExcessException
            ? $"the directory of '{configuration.Name}' sends more than is read for one login"
            : $"the directory of '{configuration.Name}' does not answer") with { MayBeCounted = tried == LdapTry.Sent };

    private async Task<Verdict> Searched(LdapLink link, string user, Secret password, CancellationToken cancellation)
    {
        await BecomeReader(link, cancellation);
        var found = await link.Search(new LdapSearch(configuration.BaseDn, false, FilterFor(user), Attributes), Seconds, cancellation);
        if (found.Count != 1)
        {
            // An unknown user costs a bind, as a wrong password does.
            await link.Try($"cn={Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))},{configuration.BaseDn}",
                password.Reveal(), cancellation);
            if (found.Count > 1)
            {
                LogAmbiguous(configuration.Name);
            }

            return found.Count == 0 ? Verdict.Unknown : Verdict.WrongPassword;
        }

        if (!await link.Try(found[0].Name, password.Reveal(), cancellation))
        {
            return Verdict.WrongPassword;
        }

        await BecomeReader(link, cancellation);
        return Verdict.Proved(await Identify(link, Canonical(user, found[0]), found[0], cancellation));
    }

    private async Task<Verdict> Found(LdapLink link, string user, CancellationToken cancellation)
    {
        await BecomeReader(link, cancellation);
        var found = configuration.UserDn.Length > 0
            ? await Entry(link, configuration.UserDn.Replace("{0}", LdapEscape.Name(user), StringComparison.Ordinal),
                cancellation) is { } named ? [named] : []
            : await link.Search(new LdapSearch(configuration.BaseDn, false, FilterFor(user), Attributes), Seconds, cancellation);
        return found.Count switch
        {
            0 => Verdict.Unknown,
            1 => Verdict.Proved(await Identify(link, Canonical(user, found[0]), found[0], cancellation)),
            _ => Verdict.Refused("its userFilter finds several users for this name"),
        };
    }

    private async Task<Verdict> Direct(LdapLink link, string user, Secret password, CancellationToken cancellation)
    {
        var name = configuration.UserDn.Replace("{0}", LdapEscape.Name(user), StringComparison.Ordinal);
        if (!await link.Try(name, password.Reveal(), cancellation))
        {
            return await IsMissing(link, name, cancellation) ? Verdict.Unknown : Verdict.WrongPassword;
        }

        if (CanSearch)
        {
            await BecomeReader(link, cancellation);
        }

        var entry = await Entry(link, name, cancellation) ?? new LdapEntry(name, new Dictionary<string, IReadOnlyList<string>>());
        return Verdict.Proved(await Identify(link, Canonical(user, entry), entry, cancellation));
    }

    /// <summary>Whether a user is certainly not there; without a reader nobody can tell.</summary>
    private async Task<bool> IsMissing(LdapLink link, string name, CancellationToken cancellation)
    {
        if (!CanSearch)
        {
            return false;
        }

        await BecomeReader(link, cancellation);
        return await Entry(link, name, cancellation) is null;
    }

    private async Task<LdapEntry?> Entry(LdapLink link, string name, CancellationToken cancellation, string filter = Anything) =>
        await link.Search(new LdapSearch(name, true, filter, Attributes), Seconds, cancellation) switch
        {
            [] => null,
            [var entry] => entry,
            _ => throw new LdapException("it answers the search for one entry with several"),
        };

    private string FilterFor(string user) => configuration.UserFilter.Replace("{0}", LdapEscape.Filter(user), StringComparison.Ordinal);

    private async Task<VerifiedIdentity> Identify(LdapLink link, string subject, LdapEntry entry, CancellationToken cancellation)
    {
        IReadOnlyList<string> groups = [];
        if (configuration.GroupBaseDn.Length > 0)
        {
            var filter = configuration.GroupFilter.Replace("{0}", LdapEscape.Filter(entry.Name), StringComparison.Ordinal);
            var found = await link.Search(
                new LdapSearch(configuration.GroupBaseDn, false, filter, configuration.GroupAttribute), Seconds, cancellation);
            groups = [.. found.SelectMany(group => group.Values(configuration.GroupAttribute)).Distinct().Order(StringComparer.Ordinal)];
        }

        var stamp = PasswordTimes.SelectMany(entry.Values).FirstOrDefault("");
        return new VerifiedIdentity(
            configuration.Name, subject, groups, new Dictionary<string, string> { [NameClaim] = entry.Name }, stamp);
    }

    private async Task BecomeReader(LdapLink link, CancellationToken cancellation)
    {
        try
        {
            await link.Become(configuration.BindDn, ReaderPassword?.Reveal() ?? "", cancellation);
        }
        catch (SecretUnavailableException fault)
        {
            throw new LdapException(fault.Message, fault);
        }
    }

    private Secret? ReaderPassword => configuration.BindPassword is not { } source ? null
        : Secrets is null ? source.Read()
        : Secrets.Read(LastingSecrets.BindPassword, (configuration.Stamp, configuration.Url, configuration.BindDn, source), source);

    private string[] Attributes => [.. new[] { _nameAttribute }.OfType<string>(), .. PasswordTimes];

    /// <summary>Directories ignore white space around a name, which would make two users of one.</summary>
    private static bool IsUsable(string user) =>
        user.Length is > 0 and <= MaxName && !user.Any(char.IsControl) && !char.IsWhiteSpace(user[0]) && !char.IsWhiteSpace(user[^1]);

    /// <summary>Directories compare names loosely; a session belongs to the name as the directory writes it.</summary>
    private string Canonical(string user, LdapEntry entry)
    {
        var names = _nameAttribute is { } attribute ? entry.Values(attribute) : [];
        return names.FirstOrDefault(name => name.Equals(user, StringComparison.OrdinalIgnoreCase))
            ?? (names.Count > 0 ? names[0] : user.ToLowerInvariant());
    }

    private static int Seconds => (int)LdapPool.Timeout.TotalSeconds;

    [GeneratedRegex(@"\(([A-Za-z][A-Za-z0-9-]*)=\{0\}\)", RegexOptions.NonBacktracking)]
    private static partial Regex NameAttribute();

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The userFilter of authenticator {Authenticator} matches several users for one name; the login is refused")]
    private partial void LogAmbiguous(string authenticator);
}
