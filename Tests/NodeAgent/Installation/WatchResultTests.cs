using RegistryProxy.NodeAgent.Installation.Applying;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>What a watcher wrote is understood whichever version it has: the program on a node may be older than who asks.</summary>
public sealed class WatchResultTests
{
    [Theory]
    [InlineData("ok", "ok", false)]
    [InlineData("a, so everything was put back as it was; see x", "a, so everything was put back as it was; see x", false)]
    [InlineData("incomplete\nin whatever words", "in whatever words", true)]
    [InlineData("a, and not everything could be put back; mend\n/a", "a, and not everything could be put back; mend\n/a", true)]
    [InlineData("a, and not everything could be restored; x\n/a", "a, and not everything could be restored; x\n/a", true)]
    public void A_node_between_two_states_is_told_from_one_that_is_what_it_was(string result, string words, bool isIncomplete) =>
        Assert.Equal((words, isIncomplete), KubeletWatch.Read(result));
}
