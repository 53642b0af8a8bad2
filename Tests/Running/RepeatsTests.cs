using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Running;

/// <summary>Which failures of a run are tried once more.</summary>
public sealed class RepeatsTests
{
    private readonly Repeats _repeats = new();

    [Fact]
    public void Few_failures_are_by_their_methods()
    {
        Assert.Empty(_repeats.Methods);
        _repeats.Failed("A.B.C.Goes(number: 1, text: \"(\")");
        _repeats.Failed("A.B.C.Goes(number: 2)");
        _repeats.Failed("A.B.C.Comes");
        Assert.Equal(["A.B.C.Comes", "A.B.C.Goes"], _repeats.Methods.Order());
    }

    [Fact]
    public void Many_are_not()
    {
        for (var i = 0; i < Repeats.Most; i++)
        {
            _repeats.Failed($"A.B{i}");
        }

        Assert.Equal(Repeats.Most, _repeats.Methods.Count);
        _repeats.Failed("A.C");
        Assert.Empty(_repeats.Methods);
    }

    [Fact]
    public void None_is_beside_what_is_no_test()
    {
        _repeats.Failed("A.B");
        _repeats.Broke();
        Assert.Empty(_repeats.Methods);
    }
}
