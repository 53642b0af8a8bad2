using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Tenants;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Who holds all that he can get of what is held of an upstream leaves as much for everybody else.</summary>
public sealed class BodyAllowanceTests
{
    private const int Body = 4 * 1024 * 1024;

    private readonly BodyAllowance _bodies = new();

    [Fact]
    public void One_stranger_holds_half_two_a_third_each_and_nothing_is_lost()
    {
        var first = Fill("one");
        Assert.InRange(first.Count, 14, 16);
        var second = Fill("two");
        Assert.InRange(second.Count, 7, 8);
        var third = Fill("three");
        Assert.InRange(third.Count, 3, 4);
        using var small = _bodies.Hold(new CallerKey("one", default));
        Assert.Equal(64 * 1024, small.Take(64 * 1024));
        first.ForEach(held => held.Dispose());
        first.ForEach(held => held.Dispose());
        second.ForEach(held => held.Dispose());
        third.ForEach(held => held.Dispose());
        Assert.Equal(first.Count, Fill("four").Count);
    }

    private List<BodyAllowance.Holder> Fill(string caller)
    {
        List<BodyAllowance.Holder> all = [];
        while (true)
        {
            var held = _bodies.Hold(new CallerKey(caller, default));
            try
            {
                held.Take(Body);
                all.Add(held);
            }
            catch (TooManyBodiesException)
            {
                held.Dispose();
                return all;
            }
        }
    }
}
