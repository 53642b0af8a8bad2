using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Shows the list of a tenant. It is written apart from the sessions themselves, so it may name some that are over: a write that hung came
/// late, a silo died before its next one, a message was lost. What is shown is asked of the sessions' own grains first.
/// </summary>
/// <param name="sessions">The list.</param>
/// <param name="overAmong">Which of some sessions of an identity, by its authenticator and subject, are not open.</param>
/// <param name="time">The clock.</param>
internal sealed class SessionListing(
    SessionCatalog sessions, Func<string, string, IReadOnlyList<string>, Task<IReadOnlyList<string>>> overAmong, TimeProvider time)
{
    /// <summary>
    /// Of how many sessions it is made sure that they are open, the newest first; the others are shown as they are listed.
    /// </summary>
    public const int MaxConfirmed = 1000;

    /// <summary>How many identities are asked at once.</summary>
    private const int AtOnce = 50;

    /// <summary>
    /// How long all of them may take; whose grain does not answer is shown. Revocations of the tenant wait for as long.
    /// </summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <summary>The newest sessions, and how many there are.</summary>
    public Task<SessionList> Newest(int limit) => Find("", 0, limit);

    /// <summary>The newest sessions that have a text, from one on, and how many have it.</summary>
    public async Task<SessionList> Find(string search, int offset, int limit)
    {
        var began = time.GetTimestamp();
        var asked = new HashSet<string>();
        while (time.GetElapsedTime(began) < Timeout && asked.Count < MaxConfirmed
            && Unasked(search, offset, limit, asked) is { Count: > 0 } identities)
        {
            identities.SelectMany(identity => identity).ToList().ForEach(session => asked.Add(session.Session));
            var left = Timeout - time.GetElapsedTime(began);
            await Task.WhenAll(identities.Select(identity => Confirm(identity, began)))
                .WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time)
                .ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }

        return new SessionList(
            search.Length == 0 ? sessions.Count : With(search).Count(), [.. With(search).Skip(offset).Take(limit)]);
    }

    private IEnumerable<SessionSummary> With(string search) => search.Length == 0 ? sessions.NewestFirst
        : sessions.NewestFirst.Where(session => session.Session == search
            || session.Subject.Contains(search, StringComparison.OrdinalIgnoreCase)
            || session.Authenticator.Contains(search, StringComparison.OrdinalIgnoreCase)
            || session.ClientAddress.Contains(search, StringComparison.OrdinalIgnoreCase));

    private List<IGrouping<(string, string), SessionSummary>> Unasked(string search, int offset, int limit, HashSet<string> asked) =>
    [
        .. With(search).Skip(offset).Take(Math.Min(limit, MaxConfirmed)).Where(session => !asked.Contains(session.Session))
            .GroupBy(session => (session.Authenticator, session.Subject)).Take(AtOnce),
    ];

    private async Task Confirm(IGrouping<(string Authenticator, string Subject), SessionSummary> identity, long began)
    {
        try
        {
            var listed = identity.Select(session => session.Session).ToList();
            var over = await overAmong(identity.Key.Authenticator, identity.Key.Subject, listed);
            if (time.GetElapsedTime(began) < Timeout)
            {
                over.ToList().ForEach(sessions.Remove);
            }
        }
        catch (Exception)
        {
            // Its silo or its storage is away: it may be open.
        }
    }
}
