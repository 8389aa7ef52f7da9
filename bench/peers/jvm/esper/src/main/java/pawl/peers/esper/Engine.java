package pawl.peers.esper;

import com.espertech.esper.common.client.EPCompiled;
import com.espertech.esper.common.client.configuration.Configuration;
import com.espertech.esper.common.client.configuration.common.ConfigurationCommonEventTypeBean;
import com.espertech.esper.common.client.util.AccessorStyle;
import com.espertech.esper.compiler.client.CompilerArguments;
import com.espertech.esper.compiler.client.EPCompilerProvider;
import com.espertech.esper.runtime.client.EPEventService;
import com.espertech.esper.runtime.client.EPRuntime;
import com.espertech.esper.runtime.client.EPRuntimeProvider;
import java.util.Map;
import pawl.peers.Peer;

/**
 * One Esper runtime with one kind of event, set up for speed on one thread: fields read by compiled code, results given to subscribers, no timer, no
 * locks for the order among threads. All statements have their results when send() returns.
 */
final class Engine implements AutoCloseable {
    static final String VERSION = Peer.versionOf(EPRuntime.class);

    private static int made;

    private final EPRuntime runtime;
    private final EPEventService events;
    private final String type;

    /** `subscribers`: an object with a method `update` by the name of each statement. */
    Engine(Class<?> event, String epl, Map<String, ?> subscribers) throws Exception {
        Configuration configuration = new Configuration();
        ConfigurationCommonEventTypeBean fields = new ConfigurationCommonEventTypeBean();
        fields.setAccessorStyle(AccessorStyle.PUBLIC);
        type = event.getSimpleName();
        configuration.getCommon().addEventType(type, event.getName(), fields);
        configuration.getCompiler().getByteCode().setAllowSubscriber(true);
        configuration.getRuntime().getThreading().setInternalTimerEnabled(false);
        configuration.getRuntime().getThreading().setListenerDispatchPreserveOrder(false);
        configuration.getRuntime().getThreading().setInsertIntoDispatchPreserveOrder(false);
        EPCompiled compiled = EPCompilerProvider.getCompiler().compile(epl, new CompilerArguments(configuration));
        runtime = EPRuntimeProvider.getRuntime("engine " + made++, configuration);
        String deployment = runtime.getDeploymentService().deploy(compiled).getDeploymentId();
        subscribers.forEach((statement, subscriber) -> runtime.getDeploymentService().getStatement(deployment, statement).setSubscriber(subscriber));
        events = runtime.getEventService();
    }

    void send(Object event) {
        events.sendEventBean(event, type);
    }

    @Override
    public void close() {
        runtime.destroy();
    }
}
