using RegistryProxy.Grains.Sessions;

namespace RegistryProxy.Tests.Grains;

public sealed class SessionRoomTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Old_sessions_beyond_a_hundred_make_room_and_young_ones_stay()
    {
        List<StoredSession> sessions = [.. Enumerable.Range(0, 100).Select(minute => Opened(Now.AddDays(-2).AddMinutes(minute)))];
        var second = sessions[1];
        sessions.Add(Opened(Now.AddMinutes(-61)));
        for (var i = 0; i < 1500; i++)
        {
            SessionRoom.Add(sessions, Opened(Now.AddMinutes(-59)), Now);
        }

        Assert.Equal(SessionRoom.MaxOld + 1500, sessions.Count);
        Assert.Equal(second, sessions[0]);
    }

    [Fact]
    public void Even_young_ones_are_bounded_and_the_oldest_goes()
    {
        List<StoredSession> sessions = [.. Enumerable.Range(0, SessionRoom.MaxAll).Select(i => Opened(Now.AddMilliseconds(i - SessionRoom.MaxAll)))];
        var first = sessions[0];
        SessionRoom.Add(sessions, Opened(Now), Now);
        Assert.Equal(SessionRoom.MaxAll, sessions.Count);
        Assert.DoesNotContain(first, sessions);
    }

    [Fact]
    public void What_is_over_goes_and_what_goes_on_takes_its_own_place()
    {
        var (over, kept) = (Opened(Now.AddHours(-3)) with { Expires = Now }, Opened(Now.AddHours(-2)));
        List<StoredSession> sessions = [over, kept];
        SessionRoom.Add(sessions, kept with { Expires = Now.AddDays(30) }, Now);
        Assert.Equal(Now.AddDays(30), Assert.Single(sessions).Expires);
    }

    private static StoredSession Opened(DateTimeOffset at) => new(Guid.NewGuid().ToString("N"), "hash", "", at, Now.AddDays(1), "127.0.0.1");
}
