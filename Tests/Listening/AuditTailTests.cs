using System.Text;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.ServiceDefaults.Audit;

namespace RegistryProxy.Tests.Listening;

/// <summary>The newest lines of each tenant are at hand, within bounds, and it is known since when none is lacking.</summary>
public sealed class AuditTailTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_tenant_has_its_own_newest_lines_and_knows_since_when()
    {
        var (tail, begun) = (new AuditTail(_time), _time.GetUtcNow());
        for (var i = 0; i < 2500; i++)
        {
            Keep(tail, i % 2 == 0 ? "acme" : "other", $"{i}");
        }

        Assert.Equal(begun, tail.Read("acme", DateTimeOffset.MinValue).Since);
        Assert.Equal(1250, tail.Read("acme", DateTimeOffset.MinValue).Lines.Count);
        for (var i = 0; i < 1000; i++)
        {
            Keep(tail, "acme", $"{i}");
        }

        var acme = tail.Read("acme", DateTimeOffset.MinValue);
        Assert.Equal(2000, acme.Lines.Count);
        Assert.True(acme.Since < acme.Lines[0].At && acme.Since > begun);
        Assert.Equal("999", Text(acme.Lines[^1]));
        Assert.Equal(["998", "999"], tail.Read("acme", acme.Lines[^2].At).Lines.Select(Text));
        Assert.All(tail.Read("other", DateTimeOffset.MinValue).Lines, line => Assert.Equal(1, int.Parse(Text(line)) % 2));
        Assert.Equal((begun, 0), (tail.Read("nobody", DateTimeOffset.MinValue).Since, tail.Read("nobody", DateTimeOffset.MinValue).Lines.Count));
    }

    [Fact]
    public void What_is_forgotten_of_a_tenant_is_not_the_next_ones_who_knows_since_when_it_is_whole()
    {
        var tail = new AuditTail(_time);
        Keep(tail, "acme", "former");
        Keep(tail, "other", "kept");
        tail.Forget("acme");
        tail.Forget("nobody");
        Keep(tail, "acme", "next");
        var acme = tail.Read("acme", DateTimeOffset.MinValue);
        Assert.Equal(["next"], acme.Lines.Select(Text));
        Assert.True(acme.Since < acme.Lines[0].At && acme.Since > new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal(["kept"], tail.Read("other", DateTimeOffset.MinValue).Lines.Select(Text));
    }

    [Fact]
    public void Bytes_are_bounded_for_each_and_for_all_and_a_day_is_the_end()
    {
        var (tail, line) = (new AuditTail(_time), new string('x', 100_000));
        for (var i = 0; i < 20; i++)
        {
            Keep(tail, "acme", line);
        }

        Assert.Equal(10, tail.Read("acme", DateTimeOffset.MinValue).Lines.Count);
        for (var tenant = 0; tenant < 80; tenant++)
        {
            for (var i = 0; i < 10; i++)
            {
                Keep(tail, $"t{tenant}", line);
            }
        }

        var lost = tail.Read("acme", DateTimeOffset.MinValue);
        Assert.Empty(lost.Lines);
        Assert.True(lost.Since > new DateTimeOffset(2027, 1, 1, 0, 0, 19, TimeSpan.Zero));
        Assert.Equal(10, tail.Read("t79", DateTimeOffset.MinValue).Lines.Count);
        _time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(11));
        Assert.Empty(tail.Read("t79", DateTimeOffset.MinValue).Lines);
    }

    [Fact]
    public void After_a_loss_nothing_before_it_is_called_whole()
    {
        var tail = new AuditTail(_time);
        Keep(tail, "acme", "1");
        Keep(tail, "other", "2");
        tail.Lose();
        _time.Advance(TimeSpan.FromSeconds(5));
        Keep(tail, "acme", "3");
        var lost = _time.GetUtcNow();
        Keep(tail, "acme", "4");
        foreach (var tenant in new[] { "acme", "other", "nobody" })
        {
            Assert.Equal(lost, tail.Read(tenant, DateTimeOffset.MinValue).Since);
        }

        Assert.Equal(["1", "3", "4"], tail.Read("acme", DateTimeOffset.MinValue).Lines.Select(Text));
    }

    [Fact]
    public void The_newest_that_are_asked_for_come_and_since_when_is_said()
    {
        var tail = new AuditTail(_time);
        for (var i = 100; i < 200; i++)
        {
            Keep(tail, "acme", $"{i}");
        }

        var read = tail.Read("acme", DateTimeOffset.MinValue, maxBytes: 10);
        Assert.Equal(["197", "198", "199"], read.Lines.Select(Text));
        Assert.Equal(read.Lines[0].At - TimeSpan.FromSeconds(1), read.Since);
        Assert.Equal(["199"], tail.Read("acme", read.Lines[2].At, maxBytes: 10).Lines.Select(Text));
    }

    [Fact]
    public void Lines_of_all_lengths_come_and_go_as_from_a_queue_and_a_full_ring_costs_nothing()
    {
        var (ring, queue, random) = (new LineRing(), new Queue<string>(), new Random(7));
        for (var i = 0; i < 20_000; i++)
        {
            var text = $"{i}:{new string((char)('a' + (i % 26)), random.Next(300))}";
            ring.Add(_time.GetUtcNow().AddSeconds(i), Encoding.UTF8.GetBytes(text));
            queue.Enqueue(text);
            while (queue.Count > 40 || (queue.Count > 0 && random.Next(3) == 0))
            {
                Assert.Equal(_time.GetUtcNow().AddSeconds(int.Parse(queue.Dequeue().Split(':')[0])), ring.DropOldest());
            }

            Assert.Equal((queue.Count, queue.Sum(line => line.Length)), (ring.Count, ring.Bytes));
            if (i % 100 == 0)
            {
                Assert.Equal(queue, ring.Read(DateTimeOffset.MinValue, long.MaxValue).Lines.Select(Text));
            }
        }

        var (line, before) = (new byte[200], GC.GetAllocatedBytesForCurrentThread());
        for (var i = 0; i < 10_000; i++)
        {
            ring.Add(_time.GetUtcNow(), line);
            ring.DropOldest();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_line_that_is_too_long_to_be_kept_is_told_to_be_lacking()
    {
        var tail = new AuditTail(_time);
        Keep(tail, "acme", "1");
        Keep(tail, "acme", new string('x', (1024 * 1024) + 1));
        var at = _time.GetUtcNow();
        Keep(tail, "acme", "2");
        var read = tail.Read("acme", DateTimeOffset.MinValue);
        Assert.Equal((at, "2"), (read.Since, Text(Assert.Single(read.Lines))));
    }

    private void Keep(AuditTail tail, string tenant, string text)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        tail.Keep(tenant, _time.GetUtcNow(), Encoding.UTF8.GetBytes(text));
    }

    private static string Text(AuditTailLine line) => Encoding.UTF8.GetString(line.Json);
}
