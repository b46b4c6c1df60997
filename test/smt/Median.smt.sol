// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title MedianThreshold
/// @notice The threshold rule of the feeds: with fewer liars than half of the readings, the median lies between honest ones.
contract MedianThreshold {
    /// @notice Three readings in ascending order, one of them false.
    function checkOneLiarOfThree(int128 a, int128 b, int128 c, uint8 liar) external pure {
        require(a <= b && b <= c && liar < 3);
        int128 low = liar == 0 ? b : a;
        int128 high = liar == 2 ? b : c;
        assert(low <= b && b <= high);
    }

    /// @notice Five readings in ascending order, any two of them false.
    function checkTwoLiarsOfFive(int128[5] calldata v, uint8 one, uint8 two) external pure {
        require(v[0] <= v[1] && v[1] <= v[2] && v[2] <= v[3] && v[3] <= v[4]);
        require(one < two && two < 5);
        int128 low =
            one != 0
                ? v[0]
                : two != 1
                    ? v[1]
                    : v[2];
        int128 high =
            two != 4
                ? v[4]
                : one != 3
                    ? v[3]
                    : v[2];
        assert(low <= v[2] && v[2] <= high);
    }
}

/// @title MedianThresholdRefuted
/// @notice Two liars of three decide the median: the checker must show how.
contract MedianThresholdRefuted {
    function checkTwoLiarsOfThree(int128 a, int128 b, int128 c) external pure {
        require(a <= b && b <= c);
        assert(a == b);
    }
}
