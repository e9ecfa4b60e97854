import gov.nist.microanalysis.EPQLibrary.Composition;
import gov.nist.microanalysis.EPQLibrary.Element;
import gov.nist.microanalysis.EPQLibrary.Material;
import gov.nist.microanalysis.EPQLibrary.ToSI;
import gov.nist.microanalysis.NISTMonte.BasicMaterialModel;
import gov.nist.microanalysis.NISTMonte.GaussianBeam;
import gov.nist.microanalysis.NISTMonte.MonteCarloSS;
import gov.nist.microanalysis.NISTMonte.MultiPlaneShape;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** NISTMonte on a bulk target: weights such as Si=0.467,O=0.533, keV, electrons, density in g/cm3. */
public class NistMonte {
   static long collisions = 0;
   static long back = 0;

   public static void main(String[] arguments) throws Exception {
      String[] parts = arguments[0].split(",");
      Element[] elements = new Element[parts.length];
      double[] weights = new double[parts.length];
      for (int i = 0; i < parts.length; ++i) {
         String[] pair = parts[i].split("=");
         elements[i] = Element.byName(pair[0]);
         weights[i] = Double.parseDouble(pair[1]);
      }
      int electrons = Integer.parseInt(arguments[2]);
      Material target = new Material(new Composition(elements, weights),
            ToSI.gPerCC(Double.parseDouble(arguments[3])));
      MonteCarloSS monte = new MonteCarloSS();
      GaussianBeam beam = new GaussianBeam(1.0e-12);
      monte.setElectronGun(beam);
      monte.setBeamEnergy(ToSI.keV(Double.parseDouble(arguments[1])));
      beam.setCenter(new double[]{0.0, 0.0, -0.05});
      monte.addSubRegion(monte.getChamber(), new BasicMaterialModel(target),
            MultiPlaneShape.createSubstrate(new double[]{0.0, 0.0, -1.0}, new double[]{0.0, 0.0, 0.0}));
      monte.addActionListener(event -> {
         if (event.getID() == MonteCarloSS.ScatterEvent)
            ++collisions;
         else if (event.getID() == MonteCarloSS.BackscatterEvent && monte.getElectron().getPosition()[2] < 0.0)
            ++back;
      });
      ThreadMXBean clock = ManagementFactory.getThreadMXBean();
      monte.runMultipleTrajectories(electrons / 4);
      collisions = back = 0;
      long start = clock.getCurrentThreadCpuTime();
      monte.runMultipleTrajectories(electrons);
      double seconds = 1.0e-9 * (clock.getCurrentThreadCpuTime() - start);
      System.out.println(String.format(java.util.Locale.US,
            "{\"eta\": %.6f, \"seconds\": %.4f, \"collisions\": %d}", (double) back / electrons, seconds,
            collisions));
   }
}
