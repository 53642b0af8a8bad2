using RegistryProxy.Grains.Sessions;

namespace RegistryProxy.Tests.Grains;

public sealed class SessionEvictionTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Old_sessions_beyond_a_hundred_make_room_and_young_ones_stay()
    {
        List<StoredSession> sessions = [.. Enumerable.Range(0, 100).Select(minute => Opened(Now.AddDays(-2).AddMinutes(minute))),
            Opened(Now.AddMinutes(-61))];
        var state = new SessionState { Sessions = sessions };
        for (var i = 0; i < 1500; i++)
        {
            state = SessionEviction.Add(state, Opened(Now.AddMinutes(-59)), Now);
        }

        Assert.Equal(SessionEviction.MaxOld + 1500, state.Sessions.Count);
        Assert.Equal(sessions[1], state.Sessions[0]);
    }

    [Fact]
    public void Old_pages_make_room_as_a_whole_and_never_for_less_than_a_hundred()
    {
        var state = new SessionState { Pages = [Page("a", 64, Now.AddDays(-3)), Page("b", 64, Now.AddDays(-2)),
            Page("c", 64, Now.AddDays(-1)), Page("d", 256, Now.AddMinutes(-59))] };
        Assert.Equal(["b", "c", "d"], SessionEviction.Add(state, Opened(Now), Now).Pages.Select(page => page.Id));
    }

    [Fact]
    public void Even_young_ones_are_bounded_in_number_and_bytes_and_the_oldest_go()
    {
        List<SessionPageLink> pages =
            [.. Enumerable.Range(0, 79).Select(i => Page($"{i}", SessionEviction.MaxPage, Now.AddMilliseconds(i - 100)))];
        Assert.Equal("1", SessionEviction.Add(new SessionState { Pages = pages }, Opened(Now), Now).Pages[0].Id);
        List<SessionPageLink> large = [.. Enumerable.Range(0, 17).Select(i => Page($"{i}", 10, Now) with { Bytes = 1 << 20 })];
        Assert.Equal("2", SessionEviction.Add(new SessionState { Pages = large }, Opened(Now), Now).Pages[0].Id);
    }

    [Fact]
    public void What_is_over_goes_and_what_goes_on_takes_its_own_place()
    {
        var (over, kept) = (Opened(Now.AddHours(-3)) with { Expires = Now }, Opened(Now.AddHours(-2)));
        var state = new SessionState { Sessions = [over, kept], Pages = [Page("over", 3, Now.AddDays(-1)) with { Expires = Now }] };
        state = SessionEviction.Add(state, kept with { Expires = Now.AddDays(30) }, Now);
        Assert.Equal(Now.AddDays(30), Assert.Single(state.Sessions).Expires);
        Assert.Empty(state.Pages);
    }

    private static SessionPageLink Page(string id, int count, DateTimeOffset opened) => new(id, count, count * 200, opened, Now.AddDays(1));

    private static StoredSession Opened(DateTimeOffset at) =>
        new(Guid.NewGuid().ToString("N"), "hash", "", at, Now.AddDays(1), "127.0.0.1");
}
