# Draws what scaling.py has measured: gnuplot -e 'folder="build/plots"' bench/scaling.gnuplot
data = folder . "/scaling.tsv"
set terminal svg size 900,640 dynamic font "sans,12" background "white"
set output folder . "/scaling.svg"
set multiplot layout 2,2 title "ns per operation: libeffect (lines), floor (dashes)"

set logscale x
set format x "10^{%L}"
set mxtics 1
set xrange [700:14e6]
set yrange [0:*]
set offsets graph 0, graph 0, graph 0.2, graph 0
set grid ytics lc rgb "#dddddd"
set key top left
set border 3
set tics nomirror

set style line 1 lc rgb "#1f77b4" lw 2 pt 7 ps 0.5
set style line 2 lc rgb "#d62728" lw 2 pt 7 ps 0.5
set style line 3 lc rgb "#1f77b4" lw 1 dt 2
set style line 4 lc rgb "#d62728" lw 1 dt 2

set xlabel "fibers alive at once"
plot data index 0 using 1:2 with linespoints ls 1 title "fork, join", '' index 0 using 1:3 with lines ls 3 notitle

# With 10^3, each timer has a wake-up of its own, which is all that would be seen.
set xlabel "timers set at once"
set yrange [0:5000]
plot data index 1 using 1:2 with linespoints ls 1 title "fork, sleep, join (CPU time)", \
     '' index 1 using 1:3 with lines ls 3 notitle

set xlabel "items"
set yrange [0:*]
plot data index 2 using 1:2 with linespoints ls 1 title "for\\_each\\_par", \
     '' index 2 using 1:3 with lines ls 3 notitle, \
     '' index 3 using 1:2 with linespoints ls 2 title "through a queue", '' index 3 using 1:3 with lines ls 4 notitle

set xlabel "binds nested to the left"
plot data index 4 using 1:2 with linespoints ls 1 title "build", '' index 4 using 1:3 with lines ls 3 notitle, \
     '' index 5 using 1:2 with linespoints ls 2 title "run", '' index 5 using 1:3 with lines ls 4 notitle

unset multiplot
